// A view set of two views with 100,000 rows each is switched back and forth between two versions,
// while events come all the time and a reader reads a row of each view as fast as it can. How long
// does a promotion take that was asked for when the build was ready, and how long did the reads
// take that ran meanwhile? Against the same reader, under the same load, when nothing is switched.
#include <algorithm>
#include <exception>
#include <stop_token>
#include <thread>

#include "baton/base/error.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

constexpr int switches = 20;

// What a thread threw, for the one that waits for it.
class Task {
public:
    template <class Work>
    explicit Task(Work work)
        : thread_([this, work](const std::stop_token& token) {
              try {
                  work(token);
              } catch (...) {
                  failure_ = std::current_exception();
              }
          }) {}
    void end() {
        thread_.request_stop();
        thread_.join();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    std::exception_ptr failure_;
    std::jthread thread_;
};

struct Read {
    Clock::time_point start;
    double ms;
};

// One row of each view in one transaction; each version shows `number` times the payments.
void read_on(const std::stop_token& token, const Database& database, std::vector<Read>& reads) {
    Session session(database.url());
    session.prepare("totals", "select payments from book_totals where account = $1");
    session.prepare("counts", "select payments from book_counts where account = $1");
    for (std::int64_t i = 0; !token.stop_requested(); ++i) {
        const std::vector<std::string> account{std::to_string(i * 7919 % 100'000)};
        const Clock::time_point start = Clock::now();
        session.exec("begin isolation level repeatable read");
        const std::int64_t totals = session.run("totals", account).integer(0, 0);
        const std::int64_t counts = session.run("counts", account).integer(0, 0);
        session.exec("commit");
        reads.push_back({start, seconds_since(start) * 1e3});
        if (totals != counts) {
            throw Error(ErrorCode::statement_failed, "a reader was shown two versions at once");
        }
    }
}

// About 200 transactions a second, of one event each.
void dispatch_on(const std::stop_token& token, const Database& database) {
    Session session(database.url());
    session.prepare("dispatch",
                    "select dispatch('payment/made', jsonb_build_object('account', $1::bigint,"
                    " 'amount', 1))");
    for (std::int64_t i = 0; !token.stop_requested(); ++i) {
        session.run("dispatch", std::vector<std::string>{std::to_string(i * 7919 % 100'000)});
        std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
}

void wait_until(Session& session, const std::string& rows) {
    const Clock::time_point start = Clock::now();
    while (session.exec(rows).rows() == 0) {
        if (seconds_since(start) > 120) throw Error(ErrorCode::wait_timeout, "in vain: " + rows);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

struct Span {
    Clock::time_point start, end;
    [[nodiscard]] double ms() const {
        return std::chrono::duration<double, std::milli>(end - start).count();
    }
};

Span switch_to(Session& session, int version) {
    const std::string number = std::to_string(version);
    wait_until(session, "select where (select count(*) from view_build b where version = " +
                            number + " and state = 'ready' and is_kept(b)) = 2");
    const Clock::time_point start = Clock::now();
    const Answer id = session.exec("select promote('{books}', '{" + number + "}', true)");
    wait_until(session,
               "select from promotion where state = 'done' and id = " + std::string(id.text(0, 0)));
    return {start, Clock::now()};
}

struct Times {
    std::vector<double> switches, reads, reads_before;  // in ms
};

void one_round(const Database& database, Session& session, Times& times) {
    Task load([&](const std::stop_token& token) { dispatch_on(token, database); });
    std::vector<Read> reads;
    reads.reserve(4'000'000);
    Task reader([&](const std::stop_token& token) { read_on(token, database, reads); });
    std::this_thread::sleep_for(std::chrono::seconds(5));
    const Clock::time_point first = Clock::now();
    std::vector<Span> spans;
    for (int i = 0; i < switches; ++i) spans.push_back(switch_to(session, i % 2 == 0 ? 2 : 1));
    reader.end();
    load.end();

    for (const Span& span : spans) times.switches.push_back(span.ms());
    auto span = spans.begin();
    for (const Read& read : reads) {
        const Clock::time_point end =
            read.start + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double, std::milli>(read.ms));
        while (span != spans.end() && span->end < read.start) ++span;
        if (span != spans.end() && span->start <= end) times.reads.push_back(read.ms);
        if (end < first) times.reads_before.push_back(read.ms);
    }
}

}  // namespace

void measure_switch(Workbench& workbench) {
    const Database database(workbench, "switch");
    Session session(database.url());
    session.exec(
        "insert into event (type, payload) select 'payment/made', jsonb_build_object("
        "'account', n, 'amount', 1) from generate_series(0, 99999) as n");
    const OrchestratorProcess first(database, Reducing::books_1);
    wait_for_position(session, 100'000);
    const OrchestratorProcess second(database, Reducing::books_2);
    Times times;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        one_round(database, session, times);
    }
    const std::string config =
        std::to_string(times.switches.size()) + " switches of 2 views of 100000 rows";
    workbench.report({"switch_p50", config, "ms", median(times.switches)});
    workbench.report({"switch_max", config, "ms", percentile(times.switches, 1)});
    const auto report_reads = [&](const char* name, double part, std::optional<Goal> goal) {
        workbench.report({name, "reads during them; against reads without", "ms",
                          percentile(times.reads, part), percentile(times.reads_before, part),
                          goal});
    };
    report_reads("switch_read_p50", 0.50, std::nullopt);
    report_reads("switch_read_p99", 0.99, Goal{Goal::Of::baton, false, 50});
    report_reads("switch_read_max", 1.0, std::nullopt);
}

}  // namespace baton::bench
