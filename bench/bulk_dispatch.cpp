// dispatch_many() against COPY into a bare table: the same events from memory, one transaction.
#include "baton/sql/connection.hpp"
#include "baton/sql/dispatch.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

double copy_rate(Session& session, const std::vector<NewEvent>& events, std::int64_t count) {
    const Clock::time_point start = Clock::now();
    std::int64_t done = 0;
    session.copy("copy public.bare_event (type, payload) from stdin", [&](std::string& buffer) {
        if (done == count) return false;
        append_copy_rows(buffer, events);
        done += static_cast<std::int64_t>(events.size());
        return true;
    });
    return static_cast<double>(count) / seconds_since(start);
}

double dispatch_rate(sql::Connection& connection, const std::vector<NewEvent>& events,
                     std::int64_t count) {
    const Clock::time_point start = Clock::now();
    sql::Transaction transaction(connection);
    for (std::int64_t done = 0; done < count; done += static_cast<std::int64_t>(events.size())) {
        dispatch_many(transaction.raw(), events);
    }
    transaction.commit();
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace

void measure_bulk_dispatch(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    const Database database(workbench, "bulk_dispatch");
    const std::vector<NewEvent> events = some_payments();
    Session session(database.url());
    session.exec("select add_event_partitions()");
    sql::ConnectOptions options;
    options.schema = schema;
    sql::Connection connection(database.url(), options);

    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const double start = workbench.cpu_seconds();
        bare.push_back(copy_rate(session, events, count));
        const double middle = workbench.cpu_seconds();
        baton.push_back(dispatch_rate(connection, events, count));
        const double end = workbench.cpu_seconds();
        bare_cpu.push_back((middle - start) / static_cast<double>(count) * 1e6);
        baton_cpu.push_back((end - middle) / static_cast<double>(count) * 1e6);
    }
    const std::string config = std::to_string(count) + " events, calls of 10000";
    workbench.report({"bulk_dispatch", config, "events/s", median(baton), median(bare),
                      Goal{Goal::Of::ratio, true, 0.60}});
    workbench.report({"bulk_dispatch_cpu", config + ", server CPU", "us/event", median(baton_cpu),
                      median(bare_cpu)});
}

}  // namespace baton::bench
