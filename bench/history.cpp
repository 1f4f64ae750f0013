// Whether reducing slows down with the age of things: a long history behind the checkpoint, and a
// snapshot that was open before the backlog came and is held while it is reduced. Against an
// environment with nothing in it. history_churn has the snapshot open since before the history:
// then every row of the view has as many versions as it had changes, which nobody may remove.
#include <thread>

#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

double backlog_rate(const Database& database, std::int64_t count) {
    Session session(database.url());
    dispatch_payments(database, count);
    const auto position = session.exec("select count(*) from event").integer(0, 0);
    const Clock::time_point start = Clock::now();
    const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
    wait_for_position(session, position);
    return static_cast<double>(count) / seconds_since(start);
}

double rate_without_history(Workbench& workbench, std::int64_t count) {
    const Database database(workbench, "history_none");
    {
        const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
        Session session(database.url());
        wait_until_following(session);
    }
    return backlog_rate(database, count);
}

class OldSnapshot {
public:
    explicit OldSnapshot(const Database& database) : session_(database.url()) {
        session_.exec("begin isolation level repeatable read; select count(*) from event");
    }

private:
    Session session_;
};

}  // namespace

void measure_history(Workbench& workbench) {
    const std::int64_t history = workbench.effort().size(10'000'000);
    const std::int64_t backlog = workbench.effort().size(1'000'000);
    const Database database(workbench, "history");
    double churned = 0;
    {
        const OldSnapshot snapshot(database);
        {
            const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
            dispatch_payments(database, history);
            Session session(database.url());
            wait_for_position(session, history);
        }
        churned = backlog_rate(database, backlog);
    }

    std::vector<double> empty, aged;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        empty.push_back(rate_without_history(workbench, backlog));
        const OldSnapshot snapshot(database);
        // What ages a snapshot are the transactions since, not the minutes.
        if (workbench.effort().full) std::this_thread::sleep_for(std::chrono::minutes(10));
        aged.push_back(backlog_rate(database, backlog));
    }
    const std::string sizes = std::to_string(history / 1000) + "k behind, " +
                              std::to_string(backlog / 1000) + "k waiting, ";
    workbench.report({"history", sizes + "old snapshot", "events/s", median(aged), median(empty),
                      Goal{Goal::Of::ratio, true, 0.90}});
    workbench.report({"history_churn", sizes + "snapshot older than the history", "events/s",
                      churned, median(empty)});
}

}  // namespace baton::bench
