// How fast a new version is built from the log, beside a live one that has nothing to do, against
// how fast the same reducer reduced the same events when they were new. And what the live one's
// rate becomes while another version is being built: they share the machine and the server.
#include <thread>

#include "baton/base/error.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

void wait_for_build(Session& session, int version, std::int64_t position) {
    const Clock::time_point start = Clock::now();
    const std::string built =
        "select from view_build where state = 'ready' and version = " + std::to_string(version) +
        " and position >= " + std::to_string(position);
    while (session.exec(built).rows() == 0) {
        if (seconds_since(start) > 600) {
            throw Error(ErrorCode::wait_timeout,
                        "version " + std::to_string(version) + " was not built in ten minutes");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void require_equal_rows(Session& session, int version) {
    const std::string columns = "select account, payments, amount, position from account_totals__v";
    const std::string differences = "select count(*) from ((" + columns + "1 except all " +
                                    columns + std::to_string(version) + ") union all (" + columns +
                                    std::to_string(version) + " except all " + columns + "1)) as d";
    if (session.exec(differences).integer(0, 0) != 0) {
        throw Error(ErrorCode::statement_failed,
                    "version " + std::to_string(version) + " differs from the live one");
    }
}

struct Rates {
    std::vector<double> alone, beside, build;  // events/s
};

// A backlog alone; version 2 from the same events, while the live one has nothing to do; another
// backlog, while version 3 is built from the first event on.
void one_round(Workbench& workbench, std::int64_t count, Rates& rates) {
    const Database database(workbench, "build");
    Session session(database.url());
    {
        const OrchestratorProcess live(database, Reducing::in_cpp);
        wait_until_following(session);
    }
    dispatch_payments(database, count);
    {
        Clock::time_point start = Clock::now();
        const OrchestratorProcess live(database, Reducing::in_cpp);
        wait_for_position(session, count);
        rates.alone.push_back(static_cast<double>(count) / seconds_since(start));

        start = Clock::now();
        const OrchestratorProcess builder(database, Reducing::in_cpp_2);
        wait_for_build(session, 2, count);
        rates.build.push_back(static_cast<double>(count) / seconds_since(start));
        require_equal_rows(session, 2);
    }
    dispatch_payments(database, count);
    const Clock::time_point start = Clock::now();
    const OrchestratorProcess live(database, Reducing::in_cpp);
    const OrchestratorProcess builder(database, Reducing::in_cpp_3);
    wait_for_position(session, 2 * count);
    rates.beside.push_back(static_cast<double>(count) / seconds_since(start));
}

}  // namespace

void measure_build(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    Rates rates;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        one_round(workbench, count, rates);
    }
    const std::string config = std::to_string(count) + " events, 1000 totals";
    const double alone = median(rates.alone);
    workbench.report({"build", config + "; against reducing", "events/s", median(rates.build),
                      alone, Goal{Goal::Of::ratio, true, 1.0}});
    workbench.report({"build_cost", config + "; while a version is built; against alone",
                      "events/s", median(rates.beside), alone});
}

}  // namespace baton::bench
