// baton_bench: measures what Baton costs, beside bare Postgres in the same run. See
// docs/benchmarks.md. It also is the orchestrator that it measures, as a process of its own.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>

#include "baton/base/log.hpp"
#include "baton/orchestrator/orchestrator.hpp"
#include "bus_process.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace {

using baton::bench::Measure;
using baton::bench::Reducing;

struct CommandLine {
    baton::bench::Effort effort;
    std::vector<std::string> only;
    bool json = false;
    bool list = false;
    std::vector<std::string> orchestrate;
    std::int64_t bus_child = 0;
    std::int64_t raw_child = 0;
};

template <int version>
void add_books(baton::Registry& registry, baton::OrchestratorOptions& options) {
    registry.add<baton::bench::BookTotals<version>>();
    registry.add<baton::bench::BookCounts<version>>();
    options.view_sets.push_back({"books", version, {"book_totals", "book_counts"}});
}

void add_reducers(Reducing reducing, baton::Registry& registry,
                  baton::OrchestratorOptions& options) {
    switch (reducing) {
        case Reducing::in_cpp:
            return registry.add<baton::bench::AccountTotals>();
        case Reducing::in_cpp_2:
            return registry.add<baton::bench::LaterAccountTotals<2>>();
        case Reducing::in_cpp_3:
            return registry.add<baton::bench::LaterAccountTotals<3>>();
        case Reducing::in_sql:
            return options.sql_reducers.push_back(
                baton::sql::read_sql_reducer(BATON_BENCH_DIR "/account_totals.sql"));
        case Reducing::books_1:
            return add_books<1>(registry, options);
        case Reducing::books_2:
            return add_books<2>(registry, options);
    }
}

// Leads, builds or stands by until SIGTERM.
int orchestrate(const std::string& url, Reducing reducing) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    baton::configure_log(baton::LogFormat::human, "warn");

    baton::Registry registry;
    baton::OrchestratorOptions options;
    options.url = url;
    options.schema = baton::bench::schema;
    options.credentials = {.environment = "bench",
                           .machine_id = std::string(64, 'b'),
                           .token = "baton_bench_" + std::string(64, 'b'),
                           .may_enrol = true};
    add_reducers(reducing, registry, options);
    baton::Orchestrator orchestrator(options, registry);
    std::thread([&] {
        int signal = 0;
        sigwait(&signals, &signal);
        orchestrator.stop();
    }).detach();
    orchestrator.run();
    return 0;
}

CLI::Option* add_options(CLI::App& app, CommandLine& line) {
    app.add_flag("--json", line.json, "One JSON object a line, instead of the table");
    app.add_flag("--list", line.list, "Say what there is to measure");
    app.add_option("--rounds", line.effort.rounds, "How often each side is measured; medians count")
        ->check(CLI::Range(1, 99));
    app.add_flag("--quick", line.effort.quick, "A twentieth of every size: only to try it out");
    app.add_flag("--full", line.effort.full, "Hold the old snapshot for ten real minutes");
    std::vector<std::string> names;
    for (const Measure& measure : baton::bench::measures()) names.emplace_back(measure.name);
    app.add_option("--only", line.only, "Only this measure; may be repeated")
        ->check(CLI::IsMember(names));
    app.add_option("--bus-child", line.bus_child)->group("");
    app.add_option("--raw-child", line.raw_child)->group("");
    return app.add_option("--orchestrate", line.orchestrate)->expected(2)->group("");
}

int run(const CommandLine& line) {
    if (line.list) {
        for (const Measure& measure : baton::bench::measures()) {
            std::printf("%-14s %s\n", measure.name, measure.question);
        }
        return 0;
    }
    if (line.effort.quick) {
        std::fputs("--quick: the sizes are a twentieth, the figures prove nothing\n", stderr);
    }
    if (!line.json) std::puts(baton::bench::heading().c_str());
    baton::bench::Workbench workbench(line.effort, [&](const baton::bench::Figure& figure) {
        std::puts((line.json ? json_line(figure) : table_row(figure)).c_str());
        std::fflush(stdout);
    });
    for (const Measure& measure : baton::bench::measures()) {
        if (!line.only.empty() && std::ranges::find(line.only, measure.name) == line.only.end()) {
            continue;
        }
        measure.run(workbench);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures what Baton costs, beside bare Postgres in the same run", "baton_bench");
    CommandLine line;
    add_options(app, line);
    CLI11_PARSE(app, argc, argv);
    try {
        if (!line.orchestrate.empty()) {
            return orchestrate(line.orchestrate[0],
                               static_cast<Reducing>(std::stoi(line.orchestrate[1])));
        }
        if (line.bus_child > 0) return baton::bench::be_bus_child(line.bus_child);
        if (line.raw_child > 0) return baton::bench::be_raw_child(line.raw_child);
        return run(line);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "baton_bench: %s\n", error.what());
        return 1;
    }
}
