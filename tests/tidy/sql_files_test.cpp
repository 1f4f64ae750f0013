// What the head of an SQL file says of its function is what the body does: whom it calls, which of
// our tables it reads and writes, and who may call it. Judged by the text, with the tokens that
// tell code from comments; SQL in a literal, which is run later, is read as well.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/tokens.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

using Words = std::set<std::string>;
using Tokens = std::vector<std::string>;

struct SqlText {
    std::string name, folder;  // "status", "read"
    bool is_view = false;
    bool runs_as_owner = false;
    std::vector<std::string> head;  // the lines of the comment that the file begins with
    Tokens tokens;
    Words access;
};

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A literal is one token, `'text'`, without what sql_tokens() puts before it.
Tokens tokens_of(std::string text) {
    static constexpr std::string_view schema = ":\"schema\".";
    for (auto at = text.find(schema); at != std::string::npos; at = text.find(schema, at)) {
        text.erase(at, schema.size());
    }
    static const std::regex counted("^[a-z]?([0-9]+):");
    const std::string listing = sql_tokens(text);
    Tokens tokens;
    for (std::size_t at = 0; at < listing.size();) {
        std::smatch count;
        const auto from = listing.begin() + static_cast<std::ptrdiff_t>(at);
        auto end = listing.find('\n', at);
        if (std::regex_search(from, listing.begin() + static_cast<std::ptrdiff_t>(end), count,
                              counted)) {
            at += static_cast<std::size_t>(count.length());
            end = at + std::stoul(count[1].str());
        }
        tokens.push_back(listing.substr(at, end - at));
        at = end + 1;
    }
    return tokens;
}

bool is_literal(const std::string& token) { return token.starts_with('\''); }

Tokens tokens_in(const std::string& literal) {
    const std::string text = literal.substr(1, literal.size() - 2);
    return tokens_of(std::regex_replace(text, std::regex("''"), "'"));
}

Words words_of(std::string text) {
    text = std::regex_replace(text, std::regex(" and "), ", ");
    Words words;
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, ',');) {
        word = std::regex_replace(word, std::regex("^ *(and )?"), "");
        if (!word.empty()) words.insert(word);
    }
    return words;
}

SqlText parsed(const fs::path& path, bool is_view) {
    SqlText sql;
    sql.name = path.stem();
    sql.folder = path.parent_path().filename();
    sql.is_view = is_view;
    const std::string text = read(path);
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line) && line.starts_with("--");) {
        sql.head.push_back(line.size() > 3 ? line.substr(3) : "");
        if (line.starts_with("-- Access: ")) sql.access = words_of(line.substr(11));
    }
    sql.tokens = tokens_of(text);
    const std::array<std::string, 2> definer = {"security", "definer"};
    sql.runs_as_owner = std::search(sql.tokens.begin(), sql.tokens.end(), definer.begin(),
                                    definer.end()) != sql.tokens.end();
    return sql;
}

const std::map<std::string, SqlText>& files() {
    static const std::map<std::string, SqlText> all = [] {
        std::map<std::string, SqlText> found;
        for (const std::string folder : {"functions", "views"}) {
            const fs::path root = fs::path(BATON_SOURCE_DIR) / "sql" / folder;
            for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
                if (!entry.is_regular_file()) continue;
                found.emplace(entry.path().stem(), parsed(entry.path(), folder == "views"));
            }
        }
        return found;
    }();
    return all;
}

bool is_function(const std::string& name) {
    const auto file = files().find(name);
    return file != files().end() && !file->second.is_view;
}

// What the migrations make, and the views.
const Words& tables() {
    static const Words all = [] {
        Words found = {"schema_migration"};
        std::set<fs::path> migrations;
        for (const auto& entry :
             fs::directory_iterator(fs::path(BATON_SOURCE_DIR) / "sql/migrations")) {
            migrations.insert(entry.path());
        }
        for (const fs::path& path : migrations) {
            const Tokens tokens = tokens_of(read(path));
            for (std::size_t i = 1; i + 4 < tokens.size(); ++i) {
                if (tokens[i] != "table") continue;
                const std::string& name = tokens[i + 1] == "if" ? tokens[i + 4] : tokens[i + 1];
                if (tokens[i - 1] == "drop") found.erase(name);
                if (tokens[i - 1] == "create" || tokens[i - 1] == "unlogged") found.insert(name);
            }
        }
        for (const auto& [name, file] : files()) {
            if (file.is_view) found.insert(name);
        }
        return found;
    }();
    return all;
}

// Names of `with <name> as (` hide tables.
Words common_tables(const Tokens& tokens) {
    Words names;
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
        if (tokens[i + 1] == "as" && (tokens[i + 2] == "(" || tokens[i + 2] == "materialized")) {
            names.insert(tokens[i]);
        }
    }
    return names;
}

// "read", "insert", "update", "delete", or "touched" for what is none of these (LOCK, ALTER); empty
// where tokens[at] is no table here.
std::string use_at(const Tokens& tokens, std::size_t at) {
    const std::string before = at > 0 ? tokens[at - 1] : "";
    const std::string second = at > 1 ? tokens[at - 2] : "";
    if (before == "into" && second == "insert") return "insert";
    if (before == "update") return "update";
    if (before == "from" && second == "delete") return "delete";
    if (before == "table" || before == "only") return "touched";
    const bool is_call = at + 1 < tokens.size() && tokens[at + 1] == "(";
    const bool is_source = before == "join" || (before == "from" && second != "distinct");
    return is_source && !is_call ? "read" : "";
}

using Uses = std::map<std::string, Words>;  // by table

void add_uses(const Tokens& tokens, const Words& hidden, Uses& uses) {
    std::string inserted;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string& token = tokens[i];
        if (is_literal(token)) {
            add_uses(tokens_in(token), hidden, uses);
        } else if (token == "update" && i > 0 && tokens[i - 1] == "do" && !inserted.empty()) {
            uses[inserted].insert("update");  // ... on conflict do update
        } else if (tables().contains(token) && !hidden.contains(token)) {
            const std::string use = use_at(tokens, i);
            if (use == "insert") inserted = token;
            if (!use.empty()) uses[token].insert(use);
        }
    }
}

Uses uses_of(const SqlText& sql) {
    Uses uses;
    add_uses(sql.tokens, common_tables(sql.tokens), uses);
    return uses;
}

Words calls_of(const SqlText& sql) {
    static const Words no_call_after = {"function", "table", "into", "as"};
    Words calls;
    for (std::size_t i = 1; i + 1 < sql.tokens.size(); ++i) {
        const std::string& name = sql.tokens[i];
        if (name != sql.name && is_function(name) && sql.tokens[i + 1] == "(" &&
            !no_call_after.contains(sql.tokens[i - 1])) {
            calls.insert(name);
        }
    }
    return calls;
}

const std::map<std::string, Words>& callers() {
    static const std::map<std::string, Words> all = [] {
        std::map<std::string, Words> found;
        for (const auto& [name, file] : files()) {
            for (const std::string& called : calls_of(file)) found[called].insert(name);
        }
        return found;
    }();
    return all;
}

Words callers_of(const std::string& name) {
    const auto known = callers().find(name);
    return known == callers().end() ? Words() : known->second;
}

// The lines that begin with a label, and those that go on with it.
std::string entry_of(const SqlText& sql, const std::string& label) {
    std::string entry;
    for (const std::string& line : sql.head) {
        if (line.starts_with(label + " ")) {
            entry = line.substr(label.size());
        } else if (!entry.empty()) {
            if (!line.starts_with("  ")) break;
            entry += line;
        }
    }
    return std::regex_replace(entry, std::regex("  +"), " ");
}

// "a, b: read. c: insert, update." as a table's words.
Uses tables_said(const SqlText& sql) {
    static const std::regex item(R"(([^.:]+): ([^.]+)\.)");
    const std::string entry = entry_of(sql, "Tables");
    Uses said;
    for (std::sregex_iterator match(entry.begin(), entry.end(), item), end; match != end; ++match) {
        for (const std::string& name : words_of((*match)[1])) {
            if (tables().contains(name)) said[name] = words_of((*match)[2]);
        }
    }
    return said;
}

std::string joined(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// "see admit()": another function's use.
bool is_elsewhere(const Words& said) {
    return std::ranges::any_of(said,
                               [](const std::string& word) { return word.starts_with("see "); });
}

bool agree(const Words& said, const Words& done) {
    for (const std::string kind : {"insert", "update", "delete"}) {
        if (said.contains(kind) != done.contains(kind)) return false;
    }
    const bool writes =
        done.contains("insert") || done.contains("update") || done.contains("delete");
    return writes || !done.contains("read") || said.contains("read") || said.contains("lock");
}

TEST(SqlFilesTest, TablesAreThoseThatTheBodyNames) {
    ASSERT_GT(tables().size(), 15U);
    for (const auto& [name, file] : files()) {
        const Uses said = tables_said(file);
        const Uses done = uses_of(file);
        for (const auto& [table, kinds] : done) {
            const auto line = said.find(table);
            if (line == said.end()) {
                ADD_FAILURE() << name << ": the line Tables does not say " << table << ": "
                              << joined(kinds);
            } else if (!is_elsewhere(line->second) && !agree(line->second, kinds)) {
                ADD_FAILURE() << name << ": the line Tables says " << table << ": "
                              << joined(line->second) << ", the body does: " << joined(kinds);
            }
        }
        for (const auto& [table, kinds] : said) {
            EXPECT_TRUE(done.contains(table) || is_elsewhere(kinds))
                << name << ": the line Tables says " << table << ", which the body does not name";
        }
    }
}

// "Internal: promote(), open_promotion().", in the first paragraph.
TEST(SqlFilesTest, CallersThatAreNamedAreThoseThatCall) {
    static const std::regex claim(
        "(Internal: |Internal, for |Internal, part of |Part of )(.*?)[.;]( |$)");
    static const std::regex call(R"(\b([a-z_]+)\(\))");
    int claims = 0;
    for (const auto& [name, file] : files()) {
        std::string paragraph;
        for (const std::string& line : file.head) {
            if (line.empty()) break;
            paragraph += line + " ";
        }
        std::smatch match;
        if (!std::regex_search(paragraph, match, claim)) continue;
        const std::string text = match[2];
        Words named;
        for (std::sregex_iterator one(text.begin(), text.end(), call), end; one != end; ++one) {
            named.insert((*one)[1]);
        }
        if (named.empty()) continue;
        ++claims;
        EXPECT_EQ(joined(named), joined(callers_of(name))) << "callers of " << name;
    }
    EXPECT_GT(claims, 20);
}

TEST(SqlFilesTest, AccessNamesRolesThatTheFolderIsFor) {
    const std::map<std::string, std::string> role_of = {{"dispatch", "dispatch"},
                                                        {"read", "observe"},
                                                        {"orchestrate", "orchestrate"},
                                                        {"tenant", "tenant"}};
    const Words roles = {"dispatch", "node", "orchestrate", "observe", "tenant"};
    const Words folders = {"dispatch", "read",     "operate", "orchestrate",
                           "node",     "internal", "tenant",  "views"};
    for (const auto& [name, file] : files()) {
        EXPECT_TRUE(folders.contains(file.folder))
            << name << " is in no folder of those who call it";
        for (const std::string& role : file.access) {
            EXPECT_TRUE(roles.contains(role)) << name << ": there is no group role _" << role;
        }
        const auto wanted = role_of.find(file.folder);
        if (wanted == role_of.end()) continue;
        EXPECT_TRUE(file.access.contains(wanted->second))
            << name << " is in " << file.folder << "/, and _" << wanted->second
            << " may not call it";
    }
}

// Where a function does not run as the owner, what it calls is called with its caller's rights.
TEST(SqlFilesTest, WhatIsCalledWithTheCallersRightsIsOpenToThem) {
    for (const auto& [name, file] : files()) {
        if (file.runs_as_owner) continue;
        for (const std::string& called : calls_of(file)) {
            for (const std::string& role : file.access) {
                EXPECT_TRUE(files().at(called).access.contains(role))
                    << "_" << role << " may call " << name << ", but not " << called
                    << ", which that calls";
            }
        }
    }
}

TEST(SqlFilesTest, InternalFunctionsAreOpenToNobodyElse) {
    for (const auto& [name, file] : files()) {
        if (file.folder != "internal") continue;
        const Words callers = callers_of(name);
        EXPECT_FALSE(callers.empty()) << name << " is called by no other function";
        Words wanted;
        for (const std::string& caller : callers) {
            const SqlText& by = files().at(caller);
            if (!by.runs_as_owner) wanted.insert(by.access.begin(), by.access.end());
        }
        EXPECT_EQ(joined(file.access), joined(wanted))
            << "Access of " << name << ", which those functions call: " << joined(callers);
    }
}

// What a setting forbids is not impossible, but said to cost 10^10; where there is no other way,
// that is what a plan costs, and whatever costs so much is compiled, a tenth of a second at each
// call.
TEST(SqlFilesTest, WhoForbidsPlansForbidsToCompileThem) {
    int forbidding = 0;
    for (const auto& [name, file] : files()) {
        Words off;
        for (std::size_t i = 0; i + 2 < file.tokens.size(); ++i) {
            if (file.tokens[i + 1] == "=" && file.tokens[i + 2] == "off")
                off.insert(file.tokens[i]);
        }
        const bool forbids = std::ranges::any_of(
            off, [](const std::string& setting) { return setting.starts_with("enable_"); });
        if (!forbids) continue;
        ++forbidding;
        EXPECT_TRUE(off.contains("jit"))
            << name << " sets enable_... off, and lacks: set jit = off";
    }
    EXPECT_GT(forbidding, 50);
}

}  // namespace
}  // namespace baton
