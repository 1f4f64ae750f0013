// What all verbs share: how they join the command line, which flags name the environment, and how
// they reach its database.
//
// A verb is one function add_…(root, invocation): it declares its options, and leaves in
// invocation.chosen what is to be done when the command line has named it.
//
// Threads: the main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/environments/environment.hpp"
#include "baton/sql/connection.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
class Option;
}  // namespace CLI

namespace baton::cli {

/// One run of the program.
struct Invocation {
    const App& app;
    std::string program;          ///< argv[0]
    std::function<int()> chosen;  ///< What the command line asked for; returns the exit code.
    /// The environment, once it is known; for messages.
    std::optional<environments::Environment> environment = std::nullopt;
    /// From here on stderr is read as the log: whatever is said there is one of its JSON lines.
    bool logs_json = false;
};

/// The flags of a verb that say which environment, and how to behave in it.
class SettingFlags {
public:
    enum class Which {
        connection,  ///< --env and --url; a kind need not be known.
        kind,        ///< The same, and --kind.
        all,         ///< Every setting that has a flag; the kind must be known.
        all_of_any,  ///< Every setting that has a flag; a kind need not be known.
    };
    /// Adds the flags to a verb. This object must live until the command line has been parsed.
    void offer(CLI::App& verb, Which which = Which::connection);
    /// As if the flag had been given.
    void give(const std::string& flag, const std::string& value) { given_[flag] = value; }
    /// What the command line says for the flag, if it says anything.
    [[nodiscard]] std::optional<std::string> given(std::string_view flag) const;
    /// Reads the environment that flags, variables and files name. Throws
    /// Error(settings_invalid), a line for each thing that is wrong.
    [[nodiscard]] environments::Environment load(Invocation& invocation) const;
    /// The same for a verb that takes the name (or the file) as an argument, which may be empty:
    /// then it is the environment of --env. Throws Error(usage) as require_one_name().
    [[nodiscard]] environments::Environment load(const std::string& name, Invocation& invocation);
    /// Throws Error(usage) where --env is another than `name`: two names leave open which is meant.
    void require_one_name(const std::string& name) const;

private:
    struct Flag {
        CLI::Option* option = nullptr;
        std::string name;
        std::string value;
    };
    void add(CLI::App& verb, const std::string& name, const std::string& help);

    Which which_ = Which::connection;
    std::vector<std::unique_ptr<Flag>> flags_;
    std::map<std::string, std::string, std::less<>> given_;
};

enum class Access { read, write };

/// A session in the environment's schema. It works through a pooler too: it keeps no state.
/// Access::read is content with a standby. Throws Error(schema_untrusted) where the schema is of
/// somebody whom the login does not trust: whatever is called in it would be that role's code.
[[nodiscard]] sql::Connection connect(const environments::Environment& environment, Access access);

/// Tells the installed schema which environment it is, and of which kind, as far as that was said.
/// Throws Error(settings_invalid) where it is stricter already.
void describe(const environments::Environment& environment);

/// The first `columns` columns of a row as text.
[[nodiscard]] std::vector<std::optional<std::string>> cells_of(const sql::Row& row,
                                                               std::size_t columns);

/// The end of every --help: an example, and the exit codes.
[[nodiscard]] std::string footer(const std::string& text);

/// The command line is wrong: Error(usage).
[[noreturn]] void refuse(const std::string& message);

void add_environment(CLI::App& root, Invocation& invocation);
/// The verbs of `environment` about machines: enrol, revoke, machines, refusals, machine-id.
void add_machine_verbs(CLI::App& environment, Invocation& invocation);
void add_up(CLI::App& root, Invocation& invocation);
void add_orchestrate(CLI::App& root, Invocation& invocation);
void add_dispatch(CLI::App& root, Invocation& invocation);
void add_log(CLI::App& root, Invocation& invocation);
void add_view(CLI::App& root, Invocation& invocation);
void add_views(CLI::App& root, Invocation& invocation);
void add_grant(CLI::App& root, Invocation& invocation);
void add_diff(CLI::App& root, Invocation& invocation);
void add_replay(CLI::App& root, Invocation& invocation);
void add_wait(CLI::App& root, Invocation& invocation);
void add_versions(CLI::App& root, Invocation& invocation);
void add_promote(CLI::App& root, Invocation& invocation);
void add_rollback(CLI::App& root, Invocation& invocation);
void add_retire(CLI::App& root, Invocation& invocation);
void add_dead(CLI::App& root, Invocation& invocation);
void add_status(CLI::App& root, Invocation& invocation);
void add_doctor(CLI::App& root, Invocation& invocation);
void add_version(CLI::App& root, Invocation& invocation);

/// Waits until every live view has the event, and returns its position. Throws Error: wait_timeout,
/// view_halted, event_unknown.
std::int64_t wait_for_event(sql::Connection& connection, std::int64_t event,
                            std::chrono::milliseconds timeout);

/// Bounds of a whole number.
struct Bounds {
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
/// Adds an option (or an argument, where `name` has no dashes) that is a whole number. One that is
/// none, or out of bounds, is Error(usage).
CLI::Option* add_number(CLI::App& verb, const std::string& name, std::optional<std::int64_t>& value,
                        const std::string& help, Bounds bounds = {});

/// A time in seconds as a person writes it ("10", "0.5"). Throws Error(usage), naming `flag`.
[[nodiscard]] std::chrono::milliseconds seconds_of(const std::string& flag,
                                                   const std::string& seconds);

/// Error(view_unknown), with the view that was meant, unless the environment has `view`.
void require_view(sql::Transaction& transaction, const std::string& view);

/// Baton's version: "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace baton::cli
