// A verb as data: what it is called, what it takes, and what it does. The command line, every
// --help and what may be advised are made from it (parser.hpp); no verb knows how.
//
// A verb is one file, verb_<name>.cpp, with one function <name>_verb(), and one word in the list of
// verbs.cpp. Verbs of one group (`dead list`, `dead show`) may share a file.
//
// Threads: the main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace baton::cli {

struct Invocation;

/// Bounds of a whole number.
struct Bounds {
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// An option ("--json"), or an argument, whose name has no dashes ("VIEW").
struct Option {
    /// Where it goes, if it was given: a flag; a text; a whole number; all texts of an option that
    /// may be repeated, or of an argument with several.
    using Place = std::variant<bool*, std::string*, std::optional<std::string>*,
                               std::optional<std::int64_t>*, std::vector<std::string>*>;

    std::string name;
    std::string help;
    Place place;
    bool is_required = false;
    Bounds bounds = {};                     ///< Of a whole number.
    std::vector<std::string> choices = {};  ///< The texts that there are; none: any.
    std::string placeholder = {};           ///< What --help shows for the value, in another form.
    std::string needs = {};                 ///< The option without which it means nothing.
    std::string excludes = {};              ///< The option with which it means nothing.
    bool may_be_empty = false;              ///< An empty text is a value, and no mistake.
};

/// Which settings a verb takes as flags.
enum class Settings {
    none,
    connection,  ///< --env and --url; a kind need not be known.
    kind,        ///< The same, and --kind.
    all,         ///< Every setting that has a flag; the kind must be known.
    all_of_any,  ///< Every setting that has a flag; a kind need not be known.
};

struct Verb {
    std::string name;
    std::string help;   ///< What it does, in a line.
    std::string about;  ///< What --help says behind the options: more, and an example.
    Settings settings = Settings::connection;
    std::vector<Option> options = {};  ///< Their places live as long as `run`.
    /// Does it, and returns the exit code.
    std::function<int(Invocation&)> run = {};
    /// Of a group, which does nothing by itself unless it has `run`.
    std::vector<Verb> verbs = {};
    /// Of an application: what its options are, and what its help says, is its own business.
    bool is_own = false;
};

/// Every verb of Baton, in the order of --help.
[[nodiscard]] std::vector<Verb> all_verbs();

/// A setting as a flag of the command line.
struct SettingFlag {
    std::string name;
    std::string help;
};
[[nodiscard]] std::vector<SettingFlag> flags_of(Settings settings);

}  // namespace baton::cli
