#include "sql_node.hpp"

#include <array>
#include <string>

#include "workbench.hpp"

namespace baton::bench {
namespace {

constexpr auto session_token = "1.7777777777777777777777777777777777777777777777777777777777777777";

constexpr auto count_task =
    "insert into public.bare_total as t values (0, 1, 0) on conflict (account) do update"
    " set payments = t.payments + 1";

std::string array_of_tokens(const Answer& tasks) {
    std::string tokens = "{";
    for (int row = 0; row < tasks.rows(); ++row) {
        if (row > 0) tokens += ',';
        tokens += tasks.text(row, 0);
    }
    return tokens + "}";
}

}  // namespace

SqlNode::SqlNode(Session& session) : session_(session) {
    const std::string token(session_token);
    session.exec(
        "select register_handler('send_invoice', 1, 'bench', '{}');"
        "insert into machine (machine_id, name, token_hash) "
        "values (repeat('7', 64), 'bench', sha256('bench'));"
        "insert into node (id, session_hash, name, machine_id, lease) overriding system value "
        "values (1, sha256(convert_to('" +
        token +
        "', 'UTF8')), 'bench', repeat('7', 64), '1 hour');"
        "insert into node_handler values (1, 'send_invoice', 1, 'bench')");
    session.prepare("claim",
                    "select token, payload from claim('" + token + "', 'send_invoice', 100)");
    session.prepare("complete_many",
                    "select outcome from complete_many('" + token + "', $1::text[])");
    session.prepare("complete", "select complete('" + token + "', $1)");
    session.prepare("count_task", count_task);
}

double SqlNode::drain(std::int64_t count) {
    const Clock::time_point start = Clock::now();
    std::int64_t done = 0;
    for (std::string tokens; tokens != "{}" && done < count;) {
        session_.exec("begin");
        if (!tokens.empty()) session_.run("complete_many", std::array{tokens});
        const Answer tasks = session_.run("claim");
        session_.exec("commit");
        done += tasks.rows();
        tokens = array_of_tokens(tasks);
        if (done >= count) session_.run("complete_many", std::array{tokens});
    }
    return static_cast<double>(done) / seconds_since(start);
}

double SqlNode::drain_one_by_one() {
    const Clock::time_point start = Clock::now();
    std::int64_t done = 0;
    for (;;) {
        const Answer tasks = session_.run("claim");
        if (tasks.rows() == 0) break;
        for (int row = 0; row < tasks.rows(); ++row) {
            session_.exec("begin");
            session_.run("count_task");
            session_.run("complete", std::array{std::string(tasks.text(row, 0))});
            session_.exec("commit");
        }
        done += tasks.rows();
    }
    return static_cast<double>(done) / seconds_since(start);
}

void make_tasks(Session& session, std::int64_t count) {
    session.exec("select enqueue_many('send_invoice', array_fill('{\"order\": 42}'::jsonb, array[" +
                 std::to_string(count) + "]))");
}

void make_tasks_in_lanes(Session& session, std::int64_t count, int lanes) {
    session.exec(
        "select count(enqueue('send_invoice', '{\"order\": 42}', lane => concat('l', i % " +
        std::to_string(lanes) + "))) from generate_series(1, " + std::to_string(count) + ") as i");
}

}  // namespace baton::bench
