// A node agent: how fast it drains tasks that do nothing, each with its own token and history row,
// against a loop that deletes as many bare rows, 100 at a time; and from the COMMIT of an enqueue()
// until the handler runs, against a NOTIFY and a claim of one bare row.
#include <atomic>
#include <thread>

#include "bare_drain.hpp"
#include "baton/base/error.hpp"
#include "baton/node_agent/node_agent.hpp"
#include "baton/types/fields.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

struct Nothing {
    std::int64_t order = 0;
    BATON_FIELDS(order)
};

// Counts its tasks, and says when the last one began.
struct Counter {
    std::atomic<std::int64_t> tasks{0};
    std::atomic<Clock::time_point> last;

    void count() {
        last = Clock::now();
        ++tasks;
    }
    void wait_for(std::int64_t number) const {
        const Clock::time_point start = Clock::now();
        while (tasks < number) {
            if (seconds_since(start) > 600) {
                throw Error(ErrorCode::wait_timeout, "tasks were not done in ten minutes");
            }
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }
};

struct FollowPayment {
    using Event = PaymentMade;
    static constexpr std::string_view name = "follow_payment";
    static constexpr int version = 1;
    static constexpr std::string_view build = "bench";

    std::shared_ptr<Counter> counter = std::make_shared<Counter>();
    void handle(const PaymentMade& /*payment*/) const { counter->count(); }
};

struct DoNothing {
    using Payload = Nothing;
    static constexpr std::string_view name = "do_nothing";
    static constexpr int version = 1;
    static constexpr std::string_view build = "bench";

    std::shared_ptr<Counter> counter = std::make_shared<Counter>();
    void handle(const Nothing& /*nothing*/) const { counter->count(); }
};

class Node {
public:
    explicit Node(const Database& database)
        : agent_(options(database), handlers(counter_)), thread_([this] { agent_.run(); }) {
        Session session(database.url());
        while (session.exec("select from handler where name = 'do_nothing'").rows() == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    ~Node() {
        agent_.stop();
        thread_.join();
    }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    [[nodiscard]] const Counter& counter() const { return *counter_; }

private:
    static NodeOptions options(const Database& database) {
        NodeOptions how;
        how.url = database.url();
        how.schema = schema;
        how.credentials = {.environment = "bench",
                           .machine_id = std::string(64, 'b'),
                           .token = "baton_bench_" + std::string(64, 'b'),
                           .may_enrol = true};
        return how;
    }
    static Handlers handlers(const std::shared_ptr<Counter>& counter) {
        Handlers made;
        made.add(DoNothing{counter});
        made.add(FollowPayment{counter});
        return made;
    }

    const std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
    NodeAgent agent_;
    std::thread thread_;
};

// From the COMMIT that makes them until the last one's end is in the history.
double task_rate(Session& session, const Node& node, std::int64_t count) {
    const std::int64_t before = node.counter().tasks;
    session.exec("begin");
    session.exec("select enqueue_many('do_nothing', array_fill('{\"order\": 42}'::jsonb, array[" +
                 std::to_string(count) + "]))");
    const Clock::time_point start = Clock::now();
    session.exec("commit");
    node.counter().wait_for(before + count);
    while (session.exec("select from task_end").rows() < before + count) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return static_cast<double>(count) / seconds_since(start);
}

// Takes one row whenever it is rung, and says when it had it.
class BareWorker {
public:
    explicit BareWorker(const Database& database)
        : session_(database.url()), thread_([this] { run(); }) {}
    ~BareWorker() {
        stopping_ = true;
        thread_.join();
    }
    BareWorker(const BareWorker&) = delete;
    BareWorker& operator=(const BareWorker&) = delete;

    [[nodiscard]] const Counter& counter() const { return counter_; }

private:
    void run() {
        session_.prepare("take",
                         "delete from public.bare_event where id in (select id from "
                         "public.bare_event order by id limit 1 for update skip locked) "
                         "returning id, payload");
        session_.exec("listen bare");
        while (!stopping_) {
            if (!session_.wait_for_notification(std::chrono::milliseconds(100))) continue;
            while (session_.run("take").rows() > 0) counter_.count();
        }
    }

    Counter counter_;
    Session session_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

// In milliseconds.
std::vector<double> start_times(Session& session, const Counter& counter,
                                const std::string& statement, int count) {
    constexpr std::chrono::milliseconds interval{20};
    std::vector<double> times;
    Clock::time_point next = Clock::now() + std::chrono::milliseconds(200);
    for (int i = 0; i < count; ++i) {
        next += interval;
        std::this_thread::sleep_until(next);
        const std::int64_t before = counter.tasks;
        session.exec("begin");
        session.exec(statement);
        const Clock::time_point start = Clock::now();
        session.exec("commit");
        counter.wait_for(before + 1);
        times.push_back(std::chrono::duration<double>(counter.last.load() - start).count() * 1e3);
    }
    return times;
}

}  // namespace

void measure_drain_node(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    const Database database(workbench, "drain_node");
    Session session(database.url());
    prepare_bare_drain(session);
    const Node node(database);
    std::vector<double> bare, baton, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        bare.push_back(bare_drain_rate(session, count));
        const double cpu = workbench.cpu_seconds();
        baton.push_back(task_rate(session, node, count));
        baton_cpu.push_back((workbench.cpu_seconds() - cpu) / static_cast<double>(count) * 1e6);
    }
    const std::string config = std::to_string(count) + " tasks, one node";
    workbench.report({"drain_node", config, "tasks/s", median(baton), median(bare),
                      Goal{Goal::Of::ratio, true, 0.95}});
    workbench.report({"drain_node_cpu", config + ", server CPU, made and drained", "us/task",
                      median(baton_cpu)});
}

namespace {

// From a COMMIT until a handler runs, where `statement` makes what it does.
void measure_latency_of(Workbench& workbench, const Database& database, const std::string& name,
                        const std::string& statement, double goal_p50, double goal_p99) {
    const int count = workbench.effort().quick ? 100 : 500;
    Session session(database.url());
    std::vector<double> bare_p50, bare_p99, baton_p50, baton_p99;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        {
            const BareWorker worker(database);
            const std::vector<double> times = start_times(
                session, worker.counter(),
                "with inserted as (insert into public.bare_event (type, payload) values ('a', "
                "'{\"order\": 42}')) select pg_notify('bare', '')",
                count);
            bare_p50.push_back(percentile(times, 0.50));
            bare_p99.push_back(percentile(times, 0.99));
        }
        const Node node(database);
        const std::vector<double> times = start_times(session, node.counter(), statement, count);
        baton_p50.push_back(percentile(times, 0.50));
        baton_p99.push_back(percentile(times, 0.99));
    }
    const std::string config = "one each 20 ms, until the handler runs";
    workbench.report({name + "_p50", config, "ms", median(baton_p50), median(bare_p50),
                      Goal{Goal::Of::ratio, false, goal_p50}});
    workbench.report({name + "_p99", config, "ms", median(baton_p99), median(bare_p99),
                      Goal{Goal::Of::ratio, false, goal_p99}});
}

}  // namespace

void measure_task_latency(Workbench& workbench) {
    const Database database(workbench, "task_latency");
    measure_latency_of(workbench, database, "task_latency",
                       "select enqueue('do_nothing', '{\"order\": 42}')", 2, 3);
}

void measure_event_latency(Workbench& workbench) {
    const Database database(workbench, "event_latency");
    const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
    Session session(database.url());
    wait_until_following(session);
    measure_latency_of(workbench, database, "event_latency",
                       "select dispatch('payment/made', '" + payment_json(4711) + "')", 3, 4);
}

// 200 nodes, two sessions each, for ten seconds: what the server does meanwhile.
void measure_idle_nodes(Workbench& workbench) {
    const int count = workbench.effort().quick ? 10 : 200;
    constexpr double seconds = 30;
    const Database database(workbench, "idle_nodes");
    Session session(database.url());
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < count; ++i) nodes.push_back(std::make_unique<Node>(database));
    // Until they look as seldom as they ever do: node_agent/README.md.
    std::this_thread::sleep_for(std::chrono::seconds(workbench.effort().quick ? 3 : 45));
    const auto commits = [&] {
        return session
            .exec(
                "select pg_stat_force_next_flush(); select xact_commit from pg_stat_database "
                "where datname = current_database()")
            .integer(0, 0);
    };
    const std::int64_t commits_before = commits();
    const double before = workbench.cpu_seconds();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const double cores = (workbench.cpu_seconds() - before) / seconds;
    const std::string config = std::to_string(count) + " nodes without a task";
    workbench.report({"idle_nodes", config + ", server CPU", "cores", cores, std::nullopt,
                      Goal{Goal::Of::baton, false, 0.01}});
    workbench.report({"idle_nodes_rate", config, "commits/s",
                      static_cast<double>(commits() - commits_before) / seconds});
}

}  // namespace baton::bench
