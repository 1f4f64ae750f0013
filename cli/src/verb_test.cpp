// baton test: the tests of a program, run by the program itself: its reducers over a recorded log,
// and what it has by App::add_test(). On a private Postgres; no environment is touched.
#include <algorithm>
#include <exception>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/testing/golden.hpp"
#include "baton/testing/test_environment.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "test_parts.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string filter;
    std::vector<std::string> reducers;
    std::optional<std::string> events;
    std::optional<std::string> golden;
    bool writes = false;
    bool lists = false;
};

struct Check {
    std::string name;
    std::function<void()> run;
};

std::string folded(const App& app, const Options& options) {
    testing::TestEnvironment environment(test_parts(app, options.reducers));
    static_cast<void>(environment.dispatch_recorded(*options.events));
    environment.fold();
    return environment.views_text();
}

// What Baton asks of every program, and then what the program asks of itself.
std::vector<Check> checks_of(const App& app, const Options& options) {
    std::vector<Check> checks;
    checks.push_back({"an environment takes the reducers and handlers", [&] {
                          testing::TestEnvironment environment(test_parts(app, options.reducers));
                          environment.register_handlers();
                          environment.fold();
                      }});
    if (options.events) {
        checks.push_back({"the recorded log gives the same rows twice", [&] {
                              testing::TestEnvironment environment(
                                  test_parts(app, options.reducers));
                              static_cast<void>(environment.dispatch_recorded(*options.events));
                              environment.expect_views_rebuild();
                          }});
    }
    if (options.golden) {
        checks.push_back({options.writes ? "the golden file is written"
                                         : "the recorded log gives the rows of the golden file",
                          [&] {
                              testing::expect_golden(*options.golden, folded(app, options),
                                                     options.writes ? testing::Golden::write
                                                                    : testing::Golden::compare);
                          }});
    }
    for (const App::Test& test : app.tests()) {
        checks.push_back({test.name, [&] {
                              testing::TestEnvironment environment(
                                  test_parts(app, options.reducers));
                              test.run(environment);
                          }});
    }
    std::erase_if(checks, [&](const Check& check) {
        return check.name.find(options.filter) == std::string::npos;
    });
    return checks;
}

// The Test Anything Protocol: what was thrown stands behind #.
bool passes(const Check& check, std::size_t number) {
    std::string failure;
    try {
        check.run();
    } catch (const std::exception& error) {
        failure = error.what();
        if (failure.empty()) failure = "it threw";
    }
    write_out((failure.empty() ? "ok " : "not ok ") + std::to_string(number) + " - " + check.name +
              "\n");
    for (std::size_t at = 0; at < failure.size();) {
        const std::size_t end = std::min(failure.find('\n', at), failure.size());
        write_out("# " + failure.substr(at, end - at) + "\n");
        at = end + 1;
    }
    flush_out();
    return failure.empty();
}

int test(const Options& options, Invocation& invocation) {
    if (options.golden && !options.events) refuse("--golden needs --events: what is to be folded");
    const std::vector<Check> checks = checks_of(invocation.app, options);
    if (checks.empty()) {
        refuse("no test has '" + options.filter + "' in its name; `" + invocation.app.name() +
               " test --list` names them");
    }
    if (options.lists) {
        for (const Check& check : checks) write_out(check.name + "\n");
        return 0;
    }
    configure_log(LogFormat::human, "error");  // what happens inside is no news to who tests
    write_out("1.." + std::to_string(checks.size()) + "\n");
    int failed = 0;
    for (std::size_t i = 0; i < checks.size(); ++i) {
        if (!passes(checks[i], i + 1)) ++failed;
    }
    return failed == 0 ? 0 : 1;
}

}  // namespace

Verb test_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "test",
            .help = "run the program's own tests, on a private Postgres",
            .about =
                "It prints TAP. Each test has an environment of its own, with the program's\n"
                "reducers and handlers; App::add_test() adds tests. --events folds what\n"
                "`baton log --json` printed, twice, and --golden compares the views' rows with\n"
                "those that were accepted before.\n"
                "Example: baton test --reducer sales.sql --events 2017.ndjson --golden 2017.txt",
            .settings = Settings::none,
            .options = {{"FILTER", "only tests with this in their name", &options->filter},
                        {"--reducer", "a SQL reducer's file; repeatable", &options->reducers},
                        {"--events", "a recorded log to fold", &options->events},
                        {.name = "--golden",
                         .help = "the file of the rows that it must give",
                         .place = &options->golden,
                         .needs = "--events"},
                        {.name = "--write",
                         .help = "write that file instead of comparing",
                         .place = &options->writes,
                         .needs = "--golden"},
                        {"--list", "print the names of the tests", &options->lists}},
            .run = [options](Invocation& invocation) { return test(*options, invocation); }};
}

}  // namespace baton::cli
