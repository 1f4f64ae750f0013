// Claiming and completing tasks, each with a token and a history row, against a loop that deletes
// as many bare rows and keeps nothing. Both over one connection, 100 at a time; what is done is
// told in the transaction of the next claim, as a node does.
#include <array>

#include "bare_drain.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

constexpr auto session_token = "1.7777777777777777777777777777777777777777777777777777777777777777";

// A node, as register_node() would make it.
void add_node(Session& session) {
    session.exec(
        "select register_handler('send_invoice', 1, 'bench', '{}');"
        "insert into machine (machine_id, name, token_hash) "
        "values (repeat('7', 64), 'bench', sha256('bench'));"
        "insert into node (id, session_hash, name, machine_id, lease) overriding system value "
        "values (1, sha256(convert_to('" +
        std::string(session_token) +
        "', 'UTF8')), 'bench', repeat('7', 64), '1 hour');"
        "insert into node_handler values (1, 'send_invoice', 1, 'bench')");
    session.prepare("claim", "select token, payload from claim('" + std::string(session_token) +
                                 "', 'send_invoice', 100)");
    session.prepare("complete", "select outcome from complete_many('" + std::string(session_token) +
                                    "', $1::text[])");
    prepare_bare_drain(session);
}

double task_rate(Session& session, std::int64_t count) {
    session.exec("select enqueue_many('send_invoice', array_fill('{\"order\": 42}'::jsonb, array[" +
                 std::to_string(count) + "])); analyze task_ready, task");
    const Clock::time_point start = Clock::now();
    for (std::string tokens; tokens != "{}";) {
        session.exec("begin");
        if (!tokens.empty()) session.run("complete", std::array{tokens});
        const Answer tasks = session.run("claim");
        session.exec("commit");
        tokens = "{";
        for (int row = 0; row < tasks.rows(); ++row) {
            if (row > 0) tokens += ',';
            tokens += tasks.text(row, 0);
        }
        tokens += '}';
    }
    const double rate = static_cast<double>(count) / seconds_since(start);
    session.exec("select maintain()");
    return rate;
}

}  // namespace

void measure_drain(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    const Database database(workbench, "drain");
    Session session(database.url());
    add_node(session);
    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const double start = workbench.cpu_seconds();
        bare.push_back(bare_drain_rate(session, count));
        const double middle = workbench.cpu_seconds();
        baton.push_back(task_rate(session, count));
        bare_cpu.push_back((middle - start) / static_cast<double>(count) * 1e6);
        baton_cpu.push_back((workbench.cpu_seconds() - middle) / static_cast<double>(count) * 1e6);
    }
    const std::string config = std::to_string(count) + " tasks, claims of 100, over SQL";
    workbench.report({"drain", config, "tasks/s", median(baton), median(bare),
                      Goal{Goal::Of::ratio, true, 0.95}});
    workbench.report({"drain_cpu", config + ", server CPU, made and drained", "us/task",
                      median(baton_cpu), median(bare_cpu)});
}

}  // namespace baton::bench
