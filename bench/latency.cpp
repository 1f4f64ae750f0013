// From sending COMMIT until another statement sees the view's row, one event each 20 ms. Bare: a
// COMMIT with a NOTIFY in it, and a listener that commits an upsert when it is woken.
//
// The one who waits must not disturb: it asks for one row by its key, through a prepared statement,
// and pauses for 50 us between the looks. Both sides are waited for in the same way.
#include <sys/prctl.h>

#include <atomic>
#include <thread>

#include "baton/base/error.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

constexpr std::chrono::milliseconds interval{20};

struct Subject {
    const char* dispatch;  // one event, to be committed
    const char* look;      // how many are visible
};

constexpr Subject with_baton{"select dispatch('payment/made', $1::jsonb)",
                             "select payments from account_totals where account = 0"};
constexpr Subject by_hand{
    "with inserted as (insert into public.bare_event (type, payload)"
    " values ('payment/made', $1::jsonb)) select pg_notify('bare', '')",
    "select payments from public.bare_total where account = 0"};

// Wakes up, commits, and waits again.
class Listener {
public:
    explicit Listener(const Database& database)
        : session_(database.url()), thread_([this] { run(); }) {}
    ~Listener() {
        stopping_ = true;
        thread_.join();
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

private:
    void run() {
        session_.prepare("count",
                         "insert into public.bare_total as t values (0, 1, 0) on conflict (account)"
                         " do update set payments = t.payments + 1");
        session_.exec("listen bare");
        while (!stopping_) {
            if (session_.wait_for_notification(std::chrono::milliseconds(100))) {
                session_.run("count");
            }
        }
    }

    Session session_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

class Watch {
public:
    Watch(const Database& database, const Subject& subject)
        : sender_(database.url()), waiter_(database.url()) {
        sender_.prepare("dispatch", subject.dispatch);
        waiter_.prepare("look", subject.look);
        const Answer before = waiter_.run("look");
        visible_ = before.rows() > 0 ? before.integer(0, 0) : 0;
    }

    // In milliseconds.
    std::vector<double> times(int count) {
        std::vector<double> times;
        // Account 0.
        const std::vector<std::string> payload{payment_json(0)};
        Clock::time_point next = Clock::now();
        for (int i = 0; i < count; ++i) {
            next += interval;
            std::this_thread::sleep_until(next);
            sender_.exec("begin");
            sender_.run("dispatch", payload);
            const Clock::time_point start = Clock::now();
            sender_.exec("commit");
            wait_for_next();
            times.push_back(seconds_since(start) * 1e3);
        }
        return times;
    }

private:
    void wait_for_next() {
        ++visible_;
        const Clock::time_point start = Clock::now();
        for (;;) {
            const Answer answer = waiter_.run("look");
            if (answer.rows() > 0 && answer.integer(0, 0) >= visible_) return;
            if (seconds_since(start) > 30) {
                throw Error(ErrorCode::wait_timeout, "an event was not visible after 30 s");
            }
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

    Session sender_;
    Session waiter_;
    std::int64_t visible_ = 0;
};

}  // namespace

void measure_latency(Workbench& workbench) {
    const int count = workbench.effort().quick ? 100 : 500;
    const Database database(workbench, "latency");
    // Timers of this thread fire when asked for, not up to 50 us later.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);

    std::vector<double> bare_p50, bare_p99, baton_p50, baton_p99;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        {
            const Listener listener(database);
            Watch watch(database, by_hand);
            static_cast<void>(watch.times(20));
            const std::vector<double> times = watch.times(count);
            bare_p50.push_back(percentile(times, 0.50));
            bare_p99.push_back(percentile(times, 0.99));
        }
        const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
        Session session(database.url());
        wait_until_following(session);
        Watch watch(database, with_baton);
        static_cast<void>(watch.times(20));
        const std::vector<double> times = watch.times(count);
        baton_p50.push_back(percentile(times, 0.50));
        baton_p99.push_back(percentile(times, 0.99));
    }
    const std::string config = "one event each 20 ms";
    workbench.report({"latency_p50", config, "ms", median(baton_p50), median(bare_p50),
                      Goal{Goal::Of::ratio, false, 3}});
    workbench.report({"latency_p99", config, "ms", median(baton_p99), median(bare_p99),
                      Goal{Goal::Of::ratio, false, 4}});
}

}  // namespace baton::bench
