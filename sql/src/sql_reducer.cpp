// Reads the file of a SQL reducer, and registers it: see view_store.hpp.

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <pqxx/except>
#include <regex>
#include <sstream>
#include <utility>

#include "baton/base/digest.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "baton/base/tokens.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/view_store.hpp"
#include "registration.hpp"

namespace baton::sql {
namespace {

std::string read_script(const std::string& path) {
    const auto refuse = [&](const char* why) {
        throw Error(ErrorCode::reducer_invalid, "SQL reducer " + path + ": " + why);
    };
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) refuse("is a folder, not a file");
    std::string script;
    try {
        std::ifstream file(path);
        if (!file) refuse("cannot read the file");
        script.assign(std::istreambuf_iterator<char>(file), {});
    } catch (const std::ios_base::failure&) {
        refuse("cannot read the file");
    }
    return script;
}

[[noreturn]] void refuse_line(const std::string& path, std::size_t number, const std::string& why) {
    throw Error(ErrorCode::reducer_invalid,
                "SQL reducer " + path + ":" + std::to_string(number) + ": " + why);
}

// What the lines `--! event TYPE version N` declare.
std::map<std::string, int> read_declarations(const SqlReducer& reducer) {
    static const std::regex declaration(
        R"(^--! event (\S(?:.{0,126}\S)?) version ([1-9][0-9]{0,4})[ \t]*\r?$)");
    constexpr int version_max = 32767;
    std::map<std::string, int> versions;
    std::istringstream lines(reducer.script);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
        if (number == 1 || !line.starts_with("--!")) continue;
        std::smatch match;
        if (!std::regex_match(line, match, declaration) || std::stoi(match[2]) > version_max) {
            refuse_line(reducer.origin, number,
                        "a line that begins with --! must be \"--! event TYPE version N\", with N "
                        "from 1 to 32767");
        }
        if (!versions.emplace(match[1], std::stoi(match[2])).second) {
            refuse_line(reducer.origin, number,
                        "the event " + json_quoted(match[1].str()) + " is declared twice");
        }
    }
    return versions;
}

// {"order/placed":2,"order/paid":1}; "" for none.
std::string known_versions(std::map<std::string, int> declared, const std::string& script) {
    for (const std::string& type : types_read_in(script)) declared.emplace(type, 1);
    std::string json;
    for (const auto& [type, version] : declared) {
        json += (json.empty() ? "{" : ",") + json_quoted(type) + ":" + std::to_string(version);
    }
    if (!json.empty()) json += '}';
    return json;
}

// `script` without comments; what looks like one within a text in quotes is none. By hand: regex
// takes a stack for each character.
std::string without_comments(std::string_view script) {
    std::string text;
    bool is_quoted = false;
    for (std::size_t at = 0; at < script.size(); ++at) {
        const std::string_view rest = script.substr(at);
        if (script[at] == '\'') is_quoted = !is_quoted;
        if (!is_quoted && rest.starts_with("--")) {
            at += std::min(rest.find('\n'), rest.size()) - 1;
        } else if (!is_quoted && rest.starts_with("/*")) {
            const std::size_t end = rest.find("*/");
            at += end == std::string_view::npos ? rest.size() : end + 1;
        } else {
            text += script[at];
        }
    }
    return text;
}

// Calls `action` with each text in quotes, and with what stands before it.
template <class Action>
void for_each_text(std::string_view script, Action&& action) {
    while (true) {
        const std::size_t begin = script.find('\'');
        if (begin == std::string_view::npos) return;
        const std::size_t length = script.substr(begin + 1).find('\'');
        if (length == std::string_view::npos) return;
        action(script.substr(0, begin), std::string(script.substr(begin + 1, length)));
        script.remove_prefix(begin + length + 2);
    }
}

// Enough of it to see which operator a text is given to.
std::string end_of(std::string_view text) {
    constexpr std::size_t length = 40;
    return std::string(text.substr(text.size() - std::min(length, text.size())));
}

// A pattern of LIKE for a regular expression that begins at the start and is nothing but letters;
// nothing for any other.
std::optional<std::string> pattern_of(const std::string& regex) {
    static const std::regex plain(R"(\^([\w/:-]*)(\$?))");
    std::smatch match;
    if (!std::regex_match(regex, match, plain)) return std::nullopt;
    if (match.length(2) > 0) return match[1].str();
    std::string pattern;
    for (const char c : match[1].str()) {
        if (c == '_') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

// A member of an array's text without what stands around it.
std::string bare(std::string_view member) {
    constexpr std::string_view around = " \t\n\"";
    const std::size_t begin = member.find_first_not_of(around);
    if (begin == std::string_view::npos) return {};
    return std::string(member.substr(begin, member.find_last_not_of(around) - begin + 1));
}

// What types_read_in() says, also of a script that looks at schema_version.
std::set<std::string> types_in(const std::string& text) {
    static const std::regex compared(
        R"(\btype\b(::text)?\s*(=|<>|!=|~|in\b|like\b|ilike\b|similar\b|when\b|is\b))",
        std::regex::icase);
    static const std::regex taken_apart(R"(\w\(\s*(\w+\.)?type\s*,|\^@)", std::regex::icase);
    static const std::regex before_pattern(R"((\blike|similar\s+to)\s*$)", std::regex::icase);
    static const std::regex before_regex(R"((^|[^!~])~\s*$)");
    static const std::regex before_other(R"((\bilike|~\*?)\s*$)", std::regex::icase);
    // Of what has blanks in it; else what an index has room for.
    constexpr std::size_t words_length_max = 128;
    constexpr std::size_t type_length_max = 2000;

    std::set<std::string> types;
    bool is_clear = std::regex_search(text, compared) && !std::regex_search(text, taken_apart);
    for_each_text(text, [&](std::string_view before, const std::string& literal) {
        const std::string end = end_of(before);
        const bool has_blanks = literal.find_first_of(" \t\n") != std::string::npos;
        const std::size_t length_max = has_blanks ? words_length_max : type_length_max;
        if (std::regex_search(end, before_regex)) {
            const std::optional<std::string> pattern = pattern_of(literal);
            is_clear = is_clear && pattern;
            if (pattern) types.insert(*pattern);
        } else if (literal.size() > length_max || std::regex_search(end, before_other)) {
            is_clear = false;  // a function's body in quotes, say
        } else if (literal.starts_with('{') && literal.ends_with('}')) {
            std::istringstream members(literal.substr(1, literal.size() - 2));
            for (std::string type; std::getline(members, type, ',');) types.insert(bare(type));
        } else if (std::regex_search(end, before_pattern) ||
                   literal.find('%') == std::string::npos) {
            types.insert(literal);
        }
    });
    if (!is_clear) types.insert("%");
    return types;
}

// The types that a reducer of this script reads, and those that it declares.
std::vector<std::string> event_types_of(const std::map<std::string, int>& declared,
                                        const std::string& script) {
    std::set<std::string> types = types_in(without_comments(script));
    types.erase("");
    for (const auto& [type, version] : declared) types.insert(type);
    if (types.empty()) types.insert("%");
    return {types.begin(), types.end()};
}

// Whose code ran: Baton's, or that of the reducer's file, which can raise any code.
enum class Raised { by_baton, by_file };

bool is_blamed(const SqlError& error, Raised raised) {
    const std::string& state = error.sqlstate();
    if (state.empty() || state == "57014" || state.starts_with("53") || state.starts_with("58")) {
        return false;
    }
    if (error.code() == ErrorCode::statement_failed) return true;
    // In READ COMMITTED, which sessions are pinned to, nobody else raises the last three here.
    return raised == Raised::by_file &&
           (state.starts_with("BT") || state == "40001" || state == "40000" || state == "25006");
}

// Says of an error that the reducer is to blame, and where. Errors that have nothing to do with it
// go on as they are; a lacking right keeps its SQLSTATE, because others know what to do about it.
[[noreturn]] void rethrow_blaming(const SqlReducer& reducer, const std::string& line,
                                  Raised raised) {
    try {
        throw;
    } catch (const SqlError& error) {
        const std::string& state = error.sqlstate();
        if (!is_blamed(error, raised)) throw;
        std::string text = "SQL reducer " + reducer.origin + line + ": " + error.what();
        if (state == "0A000" || state == "2D000") {
            text +=
                "; it runs in one transaction with its registration, and cannot begin or end one";
        }
        if (state == "42501") throw SqlError(ErrorCode::statement_failed, text, state);
        throw Error(ErrorCode::reducer_invalid, text);
    }
}

template <class Action>
decltype(auto) blaming(const SqlReducer& reducer, Raised raised, Action&& action) {
    try {
        return std::forward<Action>(action)();
    } catch (const SqlError&) {
        rethrow_blaming(reducer, {}, raised);
    }
}

// ":12", if the server said where in the script; "" if not.
std::string line_in(const std::string& message) {
    static const std::regex line("\nLINE ([0-9]+):");
    std::smatch match;
    if (!std::regex_search(message, match, line)) return {};
    return ":" + match[1].str();
}

void run_script(Transaction& transaction, const SqlReducer& reducer) {
    try {
        transaction.raw().exec_params("select run_reducer_script($1)", reducer.script);
    } catch (const pqxx::pqxx_exception& exception) {
        // The line is in the part of the message that a SqlError leaves out.
        const std::string line = line_in(exception.base().what());
        try {
            rethrow_translated(&transaction.connection().raw());
        } catch (const SqlError&) {
            rethrow_blaming(reducer, line, Raised::by_file);
        }
    }
}

// Of the table that its script has made.
std::string read_columns(Transaction& transaction, const SqlReducer& reducer) {
    constexpr Statement statement{"view_columns", "select view_columns(:view, :version::integer)"};
    const Result columns =
        transaction.exec(statement, {{"view", reducer.name}, {"version", reducer.version}});
    return std::string(columns.only().text(0));
}

// What a fold must not do, as far as its text shows.
void look_for_faults(Transaction& transaction, const SqlReducer& reducer) {
    constexpr Statement statement{
        "reducer_faults",
        "select is_refused, found from reducer_faults(:name, :version::integer)"
        " order by is_refused"};
    for (const Row row :
         transaction.exec(statement, {{"name", reducer.name}, {"version", reducer.version}})) {
        const std::string text =
            "SQL reducer " + reducer.origin + " has " + std::string(row.text(1));
        if (row.boolean(0)) throw Error(ErrorCode::reducer_invalid, text);
        log().warn("{}", text);
    }
}

void look_at_effects(Transaction& transaction, const SqlReducer& reducer) {
    constexpr Statement statement{"effects_fault",
                                  "select effects_fault(:name, :version::integer)"};
    const Result result =
        transaction.exec(statement, {{"name", reducer.name}, {"version", reducer.version}});
    const std::string fault(result.only().text_or_null(0).value_or(""));
    if (fault.empty()) return;
    throw Error(ErrorCode::reducer_invalid, "SQL reducer " + reducer.origin + ": " + reducer.name +
                                                "__v" + std::to_string(reducer.version) +
                                                "_effects() " + fault);
}

}  // namespace

SqlReducer read_sql_reducer(const std::string& path) {
    SqlReducer reducer;
    reducer.script = read_script(path);
    reducer.origin = path;

    static const std::regex heading(
        R"(^--! reducer ([a-z][a-z0-9_]{0,47}) version ([1-9][0-9]{0,3})[ \t]*(\r?\n|$))");
    std::smatch match;
    if (!std::regex_search(reducer.script, match, heading,
                           std::regex_constants::match_continuous)) {
        refuse_line(path, 1, "the first line must be \"--! reducer NAME version N\"");
    }
    reducer.name = match[1];
    const std::string version = match[2];
    std::from_chars(version.data(), version.data() + version.size(), reducer.version);
    const std::map<std::string, int> declared = read_declarations(reducer);
    reducer.event_versions = known_versions(declared, reducer.script);
    reducer.event_types = event_types_of(declared, reducer.script);
    reducer.build = digest_of(sql_tokens(reducer.script) + reducer.event_versions);
    return reducer;
}

std::set<std::string> types_read_in(const std::string& script) {
    const std::string text = without_comments(script);
    if (text.find("schema_version") != std::string::npos) return {};
    return types_in(text);
}

Registered register_reducer(Transaction& transaction, const SqlReducer& reducer, bool other_builds,
                            bool is_live) {
    const Result known =
        transaction.exec(registered_build, {{"name", reducer.name}, {"version", reducer.version}});
    const bool is_replaced = other_builds && !known.empty() && known[0].text(0) != reducer.build;
    if (is_replaced && !is_live && known[0].boolean(1)) {
        throw Error(ErrorCode::build_mismatch,
                    "SQL reducer " + reducer.origin + ": " + reducer.name + "@" +
                        std::to_string(reducer.version) +
                        " is live with another build: give it a new version");
    }
    if (is_replaced && !is_live && known[0].boolean(3)) return Registered::kept_by_another;
    const bool is_new = known.empty() || is_replaced || !known[0].boolean(2);
    if (is_replaced) {
        blaming(reducer, Raised::by_baton, [&] {
            transaction.exec(rebuild_statement, {{"name", reducer.name},
                                                 {"version", reducer.version},
                                                 {"build", reducer.build},
                                                 {"language", "sql"},
                                                 {"columns", std::nullopt}});
        });
    }
    if (is_new) run_script(transaction, reducer);
    blaming(reducer, Raised::by_baton, [&] {
        // What somebody altered since is that view's trouble when it is folded, not everybody's
        // now.
        const std::string columns =
            is_new ? read_columns(transaction, reducer) : std::string(known[0].text(4));
        transaction.exec(register_statement, {{"name", reducer.name},
                                              {"version", reducer.version},
                                              {"build", reducer.build},
                                              {"language", "sql"},
                                              {"columns", columns},
                                              {"other_builds", false},
                                              {"is_live", is_live}});
    });
    transaction.exec(event_types_statement, {{"name", reducer.name},
                                             {"version", reducer.version},
                                             {"types", text_array(reducer.event_types)}});
    if (!is_new) return Registered::as_it_was;
    blaming(reducer, Raised::by_file, [&] {
        // A fold of no events: what cannot even be planned is refused here, not at an event.
        enter_recorded(transaction, Position{0}, 0);
        call_sql_reducer(transaction, reducer.name, reducer.version);
        look_at_effects(transaction, reducer);
    });
    look_for_faults(transaction, reducer);
    return is_replaced ? Registered::to_be_built_anew : Registered::as_it_was;
}

}  // namespace baton::sql
