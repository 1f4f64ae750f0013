#include "demo.hpp"

#include <csignal>
#include <iostream>
#include <string>

#include "baton/postgres/private_postgres.hpp"
#include "baton/sql/migrator.hpp"

#include "arguments.hpp"
#include "compare.hpp"
#include "orchestrator_process.hpp"
#include "orders_csv.hpp"
#include "place_orders.hpp"
#include "report.hpp"

namespace superstore {
namespace {

constexpr const char* environment_name = "demo";
constexpr const char* schema = "baton_demo";
constexpr int exit_interrupted = 130;

volatile std::sig_atomic_t interrupted = 0;

// The signals only leave a note. Everything that was started is owned by an object on the stack, so
// returning early cleans up.
void note_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        std::signal(number, [](int) { interrupted = 1; });
    }
}

bool is_interrupted() { return interrupted != 0; }

// What is done is told on stderr: stdout is for the result.
void say(const std::string& line) { std::cerr << "demo: " << line << std::endl; }

int run_on(const baton::postgres::PrivatePostgres& server, const std::string& csv_view) {
    const std::string url = server.url();
    {
        baton::sql::Connection connection(url);
        baton::sql::Migrator().install(connection, schema);
    }
    {
        // Machines enrol themselves only where that is known to be harmless.
        baton::sql::Connection inside(url, {.schema = schema});
        inside.exec("select describe_environment('demo', 'development')");
    }
    say("installed environment demo as schema " + std::string(schema));

    OrchestratorProcess orchestrator(url, environment_name);
    say("started the orchestrator; 4 clients place orders");
    PlaceOptions options;
    options.url = url;
    options.schema = schema;
    options.stop = is_interrupted;
    baton::sql::Connection connection(url, {.schema = schema});
    create_shop(connection);
    const Placed placed = place_orders(read_orders(orders_file()), options);
    if (is_interrupted()) return exit_interrupted;
    say(summary(placed));

    wait_for_views(connection, placed, std::chrono::seconds(60), [&orchestrator] {
        orchestrator.require_running();
        return is_interrupted();
    });
    if (is_interrupted()) return exit_interrupted;
    say("every view has them");

    if (csv_view.empty()) {
        print_report(connection, 2017, std::cout);
    } else {
        print_csv(connection, csv_view, std::cout);
    }
    return compare(connection, csv_view.empty() ? std::cout : std::cerr) ? 0 : 1;
}

}  // namespace

int run_demo(const baton::VerbContext& context) {
    std::string csv_view;
    CLI::App command("Place all orders on a private database, report and compare",
                     "superstore demo");
    command.add_option("--csv", csv_view, "print only this view, as CSV")
        ->check(CLI::IsMember(csv_views()));
    if (!parse(command, context.arguments)) return 0;

    note_signals();
    say("starting a private Postgres");
    try {
        const baton::postgres::PrivatePostgres server;
        return is_interrupted() ? exit_interrupted : run_on(server, csv_view);
    } catch (const std::exception&) {
        // What was stopped halfway fails somehow; that is no news to whoever stopped it.
        if (is_interrupted()) return exit_interrupted;
        throw;
    }
}

}  // namespace superstore
