#include "demo.hpp"

#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include "baton/postgres/private_postgres.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"

#include "arguments.hpp"
#include "compare.hpp"
#include "local_talk.hpp"
#include "mailing.hpp"
#include "orders_csv.hpp"
#include "place_orders.hpp"
#include "report.hpp"
#include "service_process.hpp"
#include "year_report.hpp"

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

// The node that writes the invoices, and does all else. One is killed in the middle of it, and
// another takes over.
class Node {
public:
    // Returns once its handlers and the workflow are on record: orders that are placed from now on
    // get an invoice.
    Node(const std::string& url, const Mailing& mailing, baton::sql::Connection& connection,
         ServiceProcess& orchestrator)
        : url_(url),
          mailing_(mailing),
          connection_(connection),
          orchestrator_(orchestrator),
          process_(start()) {
        wait_until("select count(*) > 0 from workflow");
    }

    void kill_and_replace() {
        wait_until("select count(*) > 500 from shop.invoice");
        process_->kill();
        const baton::sql::Result held = connection_.exec(
            "select count(*) from task_claim c cross join unnest(c.tasks) t "
            "where not exists (select from task_end e where e.task = t)");
        say("killed the node with kill -9, with " + std::string(held.only().text(0)) +
            " tasks in hand, and started another one");
        process_ = start();
    }
    // A report each night, by its schedule; and one now, by hand. What that says, and when the next
    // is.
    std::string make_report() {
        connection_.exec(
            "select schedule('nightly_report', '30 2 * * *', 'nightly_report', "
            "zone => 'America/New_York'), run_schedule('nightly_report')");
        wait_until("select count(*) > 0 from shop.nightly_report");
        return std::string(
            connection_
                .exec("select concat((select concat(max(orders), ' orders, ', max(invoices), "
                      "' invoices') from shop.nightly_report), '; the next one at ', next_slot) "
                      "from schedules()")
                .only()
                .text(0));
    }
    // What the follower of the orders has written, once it has met all of them.
    std::string wait_for_greetings() {
        wait_until(
            "select position = (select max(first_position + count - 1) from batch) "
            "from bookmark where name = 'greetings'");
        return std::string(connection_
                               .exec("select concat(count(*), ' customers greeted at their first "
                                     "order, of ', sum(orders), ' orders') from shop.greeting")
                               .only()
                               .text(0));
    }
    // What became of the workflow of those orders that were to leave the same day, and of the
    // invoices that an endpoint mails for it.
    std::string wait_for_same_day() {
        wait_until(
            "select not exists (select from workflow_run where state not in ('done', "
            "'compensated'))");
        wait_until([&] {
            return connection_.exec("select count(*) from shop.shipment").only().integer(0) <=
                   mailing_.mailed();
        });
        return std::string(
                   connection_
                       .exec("select concat(count(*), ' orders shipped, ', (select count(*) "
                             "from workflow_run where state = 'compensated'), ' not charged, "
                             "and their goods given back') from workflow_run where state = "
                             "'done'")
                       .only()
                       .text(0)) +
               "; an endpoint mailed " + std::to_string(mailing_.mailed()) + " invoices";
    }
    // How much of a local bus Postgres hears.
    std::string talk() {
        return talk_locally(connection_, [this] {
            require_running();
            return is_interrupted();
        });
    }
    void require_running() {
        process_->require_running();
        orchestrator_.require_running();
    }

private:
    [[nodiscard]] std::unique_ptr<ServiceProcess> start() const {
        return std::make_unique<ServiceProcess>("node", url_, mailing_.environment_file());
    }
    void wait_until(const std::string& query) {
        wait_until([&] { return connection_.exec(query).only().boolean(0); });
    }
    void wait_until(const std::function<bool()>& condition) {
        const auto is_over = [&] {
            require_running();
            return is_interrupted() || condition();
        };
        while (!baton::sql::pause_unless(std::chrono::milliseconds(20), is_over)) {
        }
    }

    const std::string url_;
    const Mailing& mailing_;
    baton::sql::Connection& connection_;
    ServiceProcess& orchestrator_;
    std::unique_ptr<ServiceProcess> process_;
};

// A month's regions are computed by threads and a process in Python, which talk over a local bus.
// Of that the log has one event a month.
void tell_months_computed(baton::sql::Connection& connection) {
    const baton::sql::Result events = connection.exec(
        "select count(*), sum((payload ->> 'pieces')::int), sum((payload ->> 'by_python')::int)"
        " from event where type = 'month/computed'");
    const auto figure = [&](int column) { return std::string(events.only().text(column)); };
    say("computed those months in " + figure(1) + " pieces, " + figure(2) +
        " of them in Python, over the nodes' local buses; the log has " + figure(0) +
        " events of it, month/computed");
}

// Two years' reports, computed by three nodes: the first while the next version is promoted and a
// node is killed, the second by that version. False where the demo is interrupted.
bool make_year_reports(const std::string& url, baton::sql::Connection& connection) {
    auto killed = std::make_unique<ServiceProcess>("node", url, environment_name);
    ServiceProcess other("node", url, environment_name);
    ServiceProcess next("node", url, environment_name, "superstore_next");
    const auto comes_true = [&](const std::function<bool()>& condition) {
        const auto is_over = [&] {
            other.require_running();
            next.require_running();
            return is_interrupted() || condition();
        };
        while (!baton::sql::pause_unless(std::chrono::milliseconds(5), is_over)) {
        }
        return !is_interrupted();
    };
    if (!comes_true([&] {
            return connection
                .exec(
                    "select exists (select from handler_version where handler = 'compute_month'"
                    " and version = 2) and (select count(*) from node where ended_at is null) > 3")
                .only()
                .boolean(0);
        })) {
        return false;
    }
    open_year(connection, 2017);
    if (!comes_true([&] { return months_done(connection, 2017) > 0; })) return false;
    const std::int64_t done = months_done(connection, 2017);
    connection.exec("select promote('compute_month', 2)");
    killed->kill();
    say("with " + std::to_string(done) +
        " of 12 months of 2017's report done, promoted version 2 "
        "of it, and killed a node with kill -9");
    if (!comes_true([&] { return year_version(connection, 2017) > 0; })) return false;
    open_year(connection, 2016);
    return comes_true([&] { return year_version(connection, 2016) > 0; });
}

// The result, and whether it is right: the exit code.
int print_and_compare(baton::sql::Connection& connection, const Mailing& mailing,
                      const std::string& csv_view) {
    if (csv_view.empty()) {
        print_report(connection, 2017, std::cout);
    } else {
        print_csv(connection, csv_view, std::cout);
    }
    std::ostream& out = csv_view.empty() ? std::cout : std::cerr;
    const bool all_agree = compare(connection, out);
    const bool agrees = mailing.compare(connection, out) && all_agree;
    const bool first_agrees = compare_year(connection, 2017, out);
    return compare_year(connection, 2016, out) && first_agrees && agrees ? 0 : 1;
}

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

    baton::sql::Connection connection(url, {.schema = schema});
    create_shop(connection);
    ServiceProcess orchestrator("orchestrate", url, environment_name);
    const Mailing mailing(is_interrupted);
    if (is_interrupted()) return exit_interrupted;
    Node node(url, mailing, connection, orchestrator);
    say("started the orchestrator, an endpoint and a node; 4 clients place orders");
    PlaceOptions options;
    options.same_day = true;
    options.url = url;
    options.schema = schema;
    options.stop = is_interrupted;
    const Placed placed = place_orders(read_orders(orders_file()), options);
    if (is_interrupted()) return exit_interrupted;
    say(summary(placed));
    node.kill_and_replace();

    wait_for_views(connection, placed, std::chrono::seconds(60), [&orchestrator] {
        orchestrator.require_running();
        return is_interrupted();
    });
    if (is_interrupted()) return exit_interrupted;
    say("every view has them");
    wait_for_invoices(connection, std::chrono::seconds(60), [&] {
        node.require_running();
        return is_interrupted();
    });
    if (is_interrupted()) return exit_interrupted;
    say("every order has its invoice");
    const std::string same_day = node.wait_for_same_day();
    if (is_interrupted()) return exit_interrupted;
    say("the workflow of those to be shipped the same day: " + same_day);
    const std::string report = node.make_report();
    if (is_interrupted()) return exit_interrupted;
    say("the nightly report, by its schedule: " + report);
    say("a follower of the log has come to its end: " + node.wait_for_greetings());
    say(node.talk());
    if (is_interrupted()) return exit_interrupted;
    if (!make_year_reports(url, connection)) return exit_interrupted;
    tell_months_computed(connection);

    return print_and_compare(connection, mailing, csv_view);
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
        const baton::postgres::PrivatePostgres server({.settings = {counting_setting}});
        return is_interrupted() ? exit_interrupted : run_on(server, csv_view);
    } catch (const std::exception&) {
        // What was stopped halfway fails somehow; that is no news to whoever stopped it.
        if (is_interrupted()) return exit_interrupted;
        throw;
    }
}

}  // namespace superstore
