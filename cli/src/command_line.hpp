// What all verbs share: the run that they are part of, and how they reach the environment's
// database.
//
// Threads: the main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/environments/environment.hpp"
#include "baton/sql/connection.hpp"
#include "verb.hpp"

namespace baton::cli {

/// One run of the program.
struct Invocation {
    const App& app;
    std::string program;  ///< argv[0]
    /// The settings that the command line gives, by flag.
    std::map<std::string, std::string, std::less<>> flags = {};
    Settings settings = Settings::connection;  ///< Of the verb.
    std::vector<std::string> rest = {};        ///< What a verb of the application is to read.
    /// The environment, once it is known; for messages.
    std::optional<environments::Environment> environment = std::nullopt;
    /// From here on stderr is read as the log: whatever is said there is one of its JSON lines.
    bool logs_json = false;

    /// Reads the environment that flags, variables and files name. Throws
    /// Error(settings_invalid), a line for each thing that is wrong.
    environments::Environment load();
    /// The same for a verb that takes the name (or the file) as an argument, which may be empty:
    /// then it is the environment of --env. Throws Error(usage) as require_one_name().
    environments::Environment load(const std::string& name);
    /// Throws Error(usage) where --env is another than `name`: two names leave open which is meant.
    void require_one_name(const std::string& name) const;
};

enum class Access { read, write };

/// A session in the environment's schema. It works through a pooler too: it keeps no state.
/// Access::read is content with a standby. Throws Error(schema_untrusted) where the schema is of
/// somebody whom the login does not trust: whatever is called in it would be that role's code.
[[nodiscard]] sql::Connection connect(const environments::Environment& environment, Access access);

/// Tells the installed schema which environment it is, and of which kind, as far as that was said.
/// Throws Error(settings_invalid) where it is stricter already.
void describe(const environments::Environment& environment);

/// The argument NAME of a verb about an environment.
[[nodiscard]] Option name_option(std::string& name, bool is_required);

/// The first `columns` columns of a row as text.
[[nodiscard]] std::vector<std::optional<std::string>> cells_of(const sql::Row& row,
                                                               std::size_t columns);

/// The command line is wrong: Error(usage).
[[noreturn]] void refuse(const std::string& message);

/// The verbs of `environment` about machines: enrol, revoke, machines, refusals, machine-id.
[[nodiscard]] std::vector<Verb> machine_verbs();

/// `environment adopt`.
[[nodiscard]] Verb adopt_verb();

/// Lets somebody at a terminal type `name` to go on, having said what follows. Throws Error(usage)
/// where it was not typed, or there is no terminal: then it names --yes.
void require_typed_name(const std::string& name, const std::string& consequence);

/// The verbs of `tasks` that change something: cancel, retry, redrive.
[[nodiscard]] std::vector<Verb> task_changing_verbs();

/// Waits until every live view has the event, and returns its position. Throws Error: wait_timeout,
/// view_halted, event_unknown.
std::int64_t wait_for_event(sql::Connection& connection, std::int64_t event,
                            std::chrono::milliseconds timeout);

/// A time in seconds as a person writes it ("10", "0.5", "3s"). Throws Error(usage), naming `flag`.
[[nodiscard]] std::chrono::milliseconds seconds_of(const std::string& flag,
                                                   const std::string& seconds);

/// Whether a text that is to say a time says how long ("15 min"), not when ("13:00", "yesterday").
[[nodiscard]] bool is_span(std::string_view text);

/// Error(view_unknown), with the view that was meant, unless the environment has `view`.
void require_view(sql::Transaction& transaction, const std::string& view);

/// Baton's version: "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace baton::cli
