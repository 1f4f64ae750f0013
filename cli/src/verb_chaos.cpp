// baton chaos: the program's reducers and handlers under faults, on a private Postgres.
#include <fstream>
#include <random>
#include <sstream>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/testing/chaos.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "test_parts.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string events;
    std::optional<std::int64_t> minutes;
    std::optional<std::int64_t> seed;
    std::optional<std::int64_t> rounds;
    std::optional<std::string> set_up;
    std::vector<std::string> reducers;
    std::vector<std::string> checks;
};

std::string text_of(const std::string& file) {
    std::ifstream input(file);
    std::ostringstream text;
    text << input.rdbuf();
    if (!input) throw Error(ErrorCode::usage, "cannot read " + file);
    return text.str();
}

int chaos(const Options& options, Invocation& invocation) {
    testing::ChaosOptions how;
    how.events = options.events;
    how.seed = static_cast<std::uint64_t>(
        options.seed.value_or(static_cast<std::int64_t>(std::random_device{}())));
    how.time = std::chrono::minutes(options.minutes.value_or(1));
    if (options.rounds) how.rounds_max = static_cast<int>(*options.rounds);
    if (options.set_up) how.set_up = text_of(*options.set_up);
    how.checks = options.checks;
    configure_log(LogFormat::human, "off");  // that somebody dies is no news here
    write_out("seed " + std::to_string(how.seed) + "\n");
    flush_out();
    const testing::ChaosReport report =
        testing::run_chaos(test_parts(invocation.app, options.reducers), how);

    write_out(std::to_string(report.rounds) + " rounds, " + std::to_string(report.events) +
              " events\n");
    for (const auto& [fault, count] : report.faults) {
        write_out("  " + fault + " " + std::to_string(count) + "\n");
    }
    if (report.handler_errors > 0) {
        write_out("handlers threw " + std::to_string(report.handler_errors) +
                  " times, first: " + report.handler_error + "\n");
    }
    for (const std::string& broken : report.broken) write_out("broken: " + broken + "\n");
    if (report.broken.empty()) write_out("every guarantee held\n");
    return report.broken.empty() ? 0 : 1;
}

}  // namespace

Verb chaos_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "chaos",
            .help = "the program's reducers and handlers under faults, on a private Postgres",
            .about =
                "Orchestrators and nodes die at points of choice, answers to COMMIT are lost,\n"
                "tasks are run twice, the clock steps; then it looks at what must hold. Handlers\n"
                "are called for real, and do to the outside world what they do.\n"
                "Example: baton chaos --events 2017.ndjson --minutes 10 --set-up tables.sql\n"
                "  --check '(select count(*) = count(distinct order_id) from invoice)'",
            .settings = Settings::none,
            .options = {{.name = "--events",
                         .help = "the events, as `baton log --json` prints them",
                         .place = &options->events,
                         .is_required = true},
                        {.name = "--minutes",
                         .help = "for how long [1]",
                         .place = &options->minutes,
                         .bounds = {1, 1440}},
                        {.name = "--rounds",
                         .help = "at most so many rounds",
                         .place = &options->rounds,
                         .bounds = {1, 1'000'000}},
                        {.name = "--seed",
                         .help = "of the choices; printed first [one at random]",
                         .place = &options->seed},
                        {"--set-up", "a file of SQL that makes the program's own tables",
                         &options->set_up},
                        {"--reducer", "a SQL reducer's file; repeatable", &options->reducers},
                        {"--check", "a SQL expression that must be true at the end; repeatable",
                         &options->checks}},
            .run = [options](Invocation& invocation) { return chaos(*options, invocation); }};
}

}  // namespace baton::cli
