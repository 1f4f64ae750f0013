// The project's own rules, executed: whatever matters and no compiler knows. Each test walks over
// the files that git tracks and lists every place that breaks its rule.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/error.hpp"
#include "tidy/files.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

// Calls visit(where, line) for every line of the files that `chosen` accepts.
void for_each_line(const std::function<bool(const std::string&)>& chosen,
                   const std::function<void(const std::string&, const std::string&)>& visit) {
    for (const std::string& name : sources()) {
        if (!chosen(name)) continue;
        int number = 0;
        for (const std::string& line : lines_of(read(name))) {
            visit(name + ":" + std::to_string(++number), line);
        }
    }
}

bool everywhere(const std::string& /*name*/) { return true; }

TEST(TidyTest, ThereAreFilesToCheck) { ASSERT_GT(sources().size(), 100U); }

TEST(TidyTest, LinesAreAtMostAHundredCharactersLong) {
    for_each_line(everywhere, [](const std::string& where, const std::string& line) {
        // Characters, not bytes: continuation bytes of UTF-8 do not count.
        const auto length = std::ranges::count_if(
            line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
        EXPECT_LE(length, 100) << where;
    });
}

// A database of another encoding would refuse such a file half way.
TEST(TidyTest, SqlIsAscii) {
    const auto is_sql = [](const std::string& name) {
        return name.starts_with("sql/") && name.ends_with(".sql");
    };
    for_each_line(is_sql, [](const std::string& where, const std::string& line) {
        EXPECT_TRUE(std::ranges::all_of(line, [](char c) {
            return (static_cast<unsigned char>(c) & 0x80U) == 0;
        })) << where;
    });
}

TEST(TidyTest, FilesAreAtMostEightHundredLinesLong) {
    for (const std::string& name : sources()) {
        EXPECT_LE(lines_of(read(name)).size(), 800U) << name << ": what second thing does it do?";
    }
}

TEST(TidyTest, FilesOpenWithAComment) {
    for (const std::string& name : sources()) {
        const std::string text = read(name);
        // A .cpp leans on its header.
        const bool has_header = name.ends_with(".cpp") && text.starts_with("#include \"");
        EXPECT_TRUE(has_header || text.starts_with("//") || text.starts_with("--")) << name;
    }
}

TEST(TidyTest, FoldersIncludeOnlyWhatIsBelowThem) {
    const std::map<std::string, std::set<std::string>> allowed = {
        {"base", {"base"}},
        {"types", {"types", "base"}},
        {"reducers", {"reducers", "types", "base"}},
        {"environments", {"environments", "base"}},
        {"postgres", {"postgres", "base"}},
        {"sql", {"sql", "reducers", "types", "base"}},
        {"local_bus", {"local_bus", "types", "base"}},
        // The two meet in the database alone.
        {"orchestrator", {"orchestrator", "sql", "reducers", "types", "base"}},
        {"node_agent", {"node_agent", "local_bus", "sql", "reducers", "types", "base"}},
        {"testing",
         {"testing", "orchestrator", "node_agent", "postgres", "sql", "reducers", "types", "base"}},
        {"cli",
         {"cli", "testing", "orchestrator", "node_agent", "local_bus", "sql", "postgres",
          "environments", "reducers", "types", "base"}},
    };
    // A folder with headers for others is one of these.
    for (const std::string& name : tracked()) {
        const std::string folder = folder_of(name);
        if (!name.starts_with(folder + "/include/")) continue;
        EXPECT_TRUE(allowed.contains(folder)) << folder << " may know anything: give it a row";
    }
    const std::regex include(R"rx(^#include ["<]baton/([a-z_]+)/)rx");
    for_each_line([&](const std::string& name) { return allowed.contains(folder_of(name)); },
                  [&](const std::string& where, const std::string& line) {
                      std::smatch match;
                      if (!std::regex_search(line, match, include)) return;
                      EXPECT_TRUE(allowed.at(folder_of(where)).contains(match[1]))
                          << where << ": " << folder_of(where) << " must not know " << match[1];
                  });
}

TEST(TidyTest, ThirdPartyHeadersStayInTheirFolders) {
    const std::map<std::string, std::set<std::string>> homes = {
        {"pqxx/", {"sql", "examples", "tests", "bench"}},
        {"libpq-fe.h", {"sql", "postgres", "tests", "bench"}},
        {"simdjson", {"types", "cli", "tests"}},
        {"msgpack", {"types", "local_bus", "tests", "bench"}},
        {"toml++", {"environments"}},
        {"CLI/", {"cli", "examples", "bench"}},
        {"spdlog/", {"base"}},
        {"zmq", {"local_bus", "bench"}},
        {"boost/signals2", {"local_bus", "bench"}},
    };
    const std::regex include(R"(^#include <([^>]+)>)");
    for_each_line(everywhere, [&](const std::string& where, const std::string& line) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) return;
        const std::string header = match[1];
        for (const auto& [start, folders] : homes) {
            if (!header.starts_with(start)) continue;
            EXPECT_TRUE(folders.contains(folder_of(where)))
                << where << ": <" << header << "> does not belong here";
        }
    });
}

// Each of these headers takes seconds to compile, so they are not for every verb.
TEST(TidyTest, HeavyHeadersAreCompiledInOneOrTwoSources) {
    const std::map<std::string, std::set<std::string>> homes = {
        {"CLI/", {"cli/src/parser.cpp"}},
        {"simdjson", {"cli/src/json_value.cpp", "cli/src/ndjson_line.cpp"}},
    };
    const std::regex include(R"(^#include <([^>]+)>)");
    for_each_line([](const std::string& name) { return name.starts_with("cli/"); },
                  [&](const std::string& where, const std::string& line) {
                      std::smatch match;
                      if (!std::regex_search(line, match, include)) return;
                      for (const auto& [start, files] : homes) {
                          if (!match[1].str().starts_with(start)) continue;
                          EXPECT_TRUE(files.contains(where.substr(0, where.find(':'))))
                              << where << ": <" << match[1] << "> is for " << *files.begin();
                      }
                  });
}

TEST(TidyTest, EveryVerbIsAFileAndEveryFileAVerb) {
    const std::string list = read("cli/src/verbs.cpp");
    const std::regex entry(R"(VERB\(([a-z_]+)\))");
    std::set<std::string> listed;
    for (std::sregex_iterator match(list.begin(), list.end(), entry), end; match != end; ++match) {
        listed.insert((*match)[1]);
    }
    const std::string start = "cli/src/verb_";
    std::set<std::string> files;
    for (const std::string& name : tracked()) {
        if (!name.starts_with(start) || !name.ends_with(".cpp")) continue;
        const std::string file = fs::path(name).stem().string().substr(5);
        files.insert(file);
        // The file of a verb of a group begins as the group's: verb_environment_machine.cpp.
        EXPECT_TRUE(listed.contains(file) || listed.contains(file.substr(0, file.find('_'))))
            << name << " is not in the list of cli/src/verbs.cpp";
    }
    EXPECT_GT(listed.size(), 10U);
    for (const std::string& verb : listed) {
        EXPECT_TRUE(files.contains(verb)) << start << verb << ".cpp is missing";
    }
}

TEST(TidyTest, BannedWordsHaveTheirReplacement) {
    struct Ban {
        std::string word;
        std::string instead;
        std::function<bool(const std::string&)> applies;
    };
    const auto in_tests = [](const std::string& name) {
        return name.starts_with("tests/") && name != "tests/support/eventually.hpp";
    };
    const auto in_libraries = [](const std::string& name) {
        static const std::set<std::string> folders = {"base",         "types",       "reducers",
                                                      "environments", "postgres",    "sql",
                                                      "local_bus",    "orchestrator"};
        return folders.contains(folder_of(name));
    };
    const auto in_headers = [](const std::string& name) { return name.ends_with(".hpp"); };
    // Written in two parts, so that this file does not break its own rules.
    const std::vector<Ban> bans = {
        {std::string("FIX") + "ME", "finish it, or say it in an issue", everywhere},
        {std::string("TO") + "DO", "finish it, or say it in an issue", everywhere},
        {std::string("DISABLED") + "_", "fix the test or delete it", everywhere},
        {std::string("sleep") + "_for", "eventually() with a condition", in_tests},
        {std::string("std::") + "cout", "log()", in_libraries},
        {std::string("using ") + "namespace", "name what you use", in_headers},
        {std::string("lazy") + "connection", "sql::Connection", everywhere},
    };
    for (const Ban& ban : bans) {
        for_each_line(ban.applies, [&](const std::string& where, const std::string& line) {
            EXPECT_EQ(line.find(ban.word), std::string::npos)
                << where << ": not " << ban.word << " but: " << ban.instead;
        });
    }
}

TEST(TidyTest, SqlFilesAreNamedAsTheFunctionTheyMake) {
    const std::regex heading(R"(create or replace (function|view) ([a-z_]+))");
    for (const std::string& name : sources()) {
        if (!name.starts_with("sql/functions/") && !name.starts_with("sql/views/")) continue;
        const std::string text = read(name);
        const std::string stem = fs::path(name).stem().string();
        EXPECT_TRUE(text.starts_with("-- " + stem + ":")) << name;
        EXPECT_TRUE(std::regex_search(text, heading)) << name;
        // It may stand there again for other arguments.
        for (std::sregex_iterator match(text.begin(), text.end(), heading), end; match != end;
             ++match) {
            EXPECT_EQ((*match)[2].str(), stem) << name << ": one function a file";
        }
    }
}

// The texts of a source, those that follow each other put together.
std::vector<std::string> texts_of(const std::string& source) {
    static const std::regex text(R"re((R"\(([^]*?)\)"|"((?:[^"\\\n]|\\.)*)")(\s*))re");
    std::vector<std::string> texts;
    std::ptrdiff_t end = -1;
    for (auto at = std::sregex_iterator(source.begin(), source.end(), text);
         at != std::sregex_iterator(); ++at) {
        if (at->position() != end) texts.emplace_back();
        texts.back() += (*at)[2].str() + (*at)[3].str();
        end = at->position() + at->length();
    }
    return texts;
}

// What a table is called, and what is in it, is known in sql/ alone. Those of libpqxx's users who
// stand beside Baton, the examples and measures, and the tests, look at tables all the same.
TEST(TidyTest, TablesAreNamedInSqlOnly) {
    static const std::regex creation(R"(\ncreate (?:unlogged )?table (\w+))");
    std::string names;
    for (const std::string& name : sources()) {
        if (!name.starts_with("sql/migrations/")) continue;
        const std::string text = "\n" + read(name);
        for (auto at = std::sregex_iterator(text.begin(), text.end(), creation);
             at != std::sregex_iterator(); ++at) {
            names += (names.empty() ? "" : "|") + (*at)[1].str();
        }
    }
    ASSERT_NE(names.find("view_state"), std::string::npos);
    const std::regex statement(R"(^\s*(select|insert|update|delete|with|lock|copy|truncate)\b)");
    const std::regex table(R"(\b(from|join|into|update|table|copy|truncate)\s+(?:only\s+)?()" +
                           names + R"()\b(?!\())");
    for (const std::string& name : sources()) {
        const std::string folder = folder_of(name);
        if (folder == "sql" || folder == "tests" || folder == "bench" || folder == "examples") {
            continue;
        }
        for (const std::string& text : texts_of(read(name))) {
            if (!std::regex_search(text, statement)) continue;
            std::smatch found;
            EXPECT_FALSE(std::regex_search(text, found, table))
                << name << ": \"" << text << "\" names table " << found[2].str()
                << "; make it a function of sql/";
        }
    }
}

TEST(TidyTest, SqlFunctionsPinTheirSearchPath) {
    for (const std::string& name : sources()) {
        if (!name.starts_with("sql/functions/")) continue;
        // They qualify every name instead:
        // DispatchRoleTest.NamesBeforePgCatalogAreNotFoundByDispatch.
        if (name == "sql/functions/dispatch/dispatch.sql") continue;
        if (name == "sql/functions/dispatch/enqueue.sql") continue;
        if (name == "sql/functions/dispatch/require_readable.sql") continue;
        if (name == "sql/functions/dispatch/require_known_type.sql") continue;
        const std::string text = read(name);
        // A body in SQL-standard form was bound to its tables when it was made.
        EXPECT_TRUE(text.find("set search_path from current") != std::string::npos ||
                    text.find("begin atomic") != std::string::npos)
            << name;
    }
}

// They are parsed anew in each session that calls them, and what a backslash in a string means is a
// setting of that session (standard_conforming_strings), unless the function pins it.
TEST(TidyTest, SqlFunctionsHaveNoBackslashes) {
    for (const std::string& name : sources()) {
        if (!name.starts_with("sql/functions/")) continue;
        const std::string text = read(name);
        if (text.find("\nset standard_conforming_strings = on\n") != std::string::npos) continue;
        const auto at = text.find('\\');
        EXPECT_EQ(at, std::string::npos)
            << name << ": a class says the same: [0-9] for a digit, [(] for a parenthesis";
    }
}

TEST(TidyTest, EveryErrorCodeIsUsedAndDocumented) {
    const std::string documentation = read("docs/errors.md");
    std::string code;
    for (const std::string& name : sources()) {
        if (!name.starts_with("base/") && !name.starts_with("tests/")) code += read(name);
    }
#define BATON_ERROR(name, sqlstate, retryable)                                      \
    EXPECT_NE(documentation.find("## " sqlstate " " #name "\n"), std::string::npos) \
        << sqlstate " " #name << " has no heading in docs/errors.md";               \
    EXPECT_TRUE(code.find("ErrorCode::" #name) != std::string::npos ||              \
                code.find("'" sqlstate "'") != std::string::npos)                   \
        << sqlstate " " #name << " is raised nowhere";
    BATON_ERROR_CATALOGUE(BATON_ERROR)
#undef BATON_ERROR
    const std::regex raised(R"(errcode = '(\w+)')");
    for (std::sregex_iterator match(code.begin(), code.end(), raised), end; match != end; ++match) {
        EXPECT_NE(documentation.find("## " + (*match)[1].str() + " "), std::string::npos)
            << (*match)[1] << " is raised, but not in docs/errors.md";
    }
}

TEST(TidyTest, EveryGuaranteeNamesTestsThatThereAre) {
    const std::regex span("`(tests/[a-z_/]+\\.cpp)`|`([A-Z][A-Za-z]+)\\.([A-Z][A-Za-z0-9]+)`");
    int rows = 0;
    for (const std::string& line : lines_of(read("docs/guarantees.md"))) {
        if (!std::regex_search(line, std::regex(R"(^\| \d+ \|)"))) continue;
        ++rows;
        int named = 0;
        std::string file;
        for (std::sregex_iterator match(line.begin(), line.end(), span), end; match != end;
             ++match) {
            if ((*match)[1].matched) {
                file = (*match)[1];
                continue;
            }
            ++named;
            const std::regex heading("\\(\\s*" + (*match)[2].str() + ",\\s*" + (*match)[3].str() +
                                     "\\s*[,)]");
            EXPECT_TRUE(!file.empty() && std::regex_search(read(file), heading))
                << "docs/guarantees.md: " << match->str() << " is not in " << file;
        }
        EXPECT_GT(named, 0) << "docs/guarantees.md names no test: " << line;
    }
    EXPECT_GE(rows, 10);
}

TEST(TidyTest, ReadmeNamesEveryFolderAndNoOther) {
    std::set<std::string> folders;
    for (const std::string& name : tracked()) {
        if (name.find('/') != std::string::npos && name[0] != '.') folders.insert(folder_of(name));
    }
    const std::string readme = read("README.md");
    const std::regex row(R"(\n\| `([a-z_]+)/` \|)");
    std::set<std::string> named;
    for (std::sregex_iterator match(readme.begin(), readme.end(), row), end; match != end;
         ++match) {
        named.insert((*match)[1]);
    }
    EXPECT_EQ(folders, named);
}

TEST(TidyTest, ScriptsCanBeRun) {
    for (const std::string& name : tracked()) {
        if (!name.starts_with("script/") || name.find('.') != std::string::npos) continue;
        const auto permissions = fs::status(root / name).permissions();
        EXPECT_NE(permissions & fs::perms::owner_exec, fs::perms::none) << name;
    }
}

}  // namespace
}  // namespace baton
