#include "local_talk.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include "baton/sql/failure.hpp"

#include "handlers/talk_locally.hpp"

namespace superstore {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;
using Counts = std::map<std::string, std::int64_t>;  // how often each kind of statement was run

constexpr auto window = 700ms;
constexpr int idle_windows = 5;

Counts count_statements(baton::sql::Connection& connection) {
    Counts counts;
    for (const baton::sql::Row& row :
         connection.exec("select queryid, sum(calls)::bigint from public.pg_stat_statements"
                         " where query not like '%pg_stat_statements%' group by 1")) {
        counts[std::string(row.text(0))] = row.integer(1);
    }
    return counts;
}

Counts count_in(baton::sql::Connection& connection, Clock::time_point end,
                const std::function<bool()>& is_over) {
    const Counts before = count_statements(connection);
    baton::sql::pause_unless(1h, [&] { return is_over() || Clock::now() >= end; });
    Counts counts = count_statements(connection);
    for (const auto& [kind, calls] : before) counts[kind] -= calls;
    return counts;
}

std::int64_t sum_of(const Counts& counts) {
    std::int64_t sum = 0;
    for (const auto& [kind, calls] : counts) sum += calls;
    return sum;
}

// What comes at regular intervals may come once more in a time as long.
std::int64_t beyond(const Counts& busy, const Counts& idle) {
    std::int64_t sum = 0;
    for (const auto& [kind, calls] : busy) {
        const auto usual = idle.find(kind);
        sum += std::max<std::int64_t>(0, calls - 1 - (usual == idle.end() ? 0 : usual->second));
    }
    return sum;
}

std::int64_t milliseconds(Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

std::string talk_locally(baton::sql::Connection& connection, const std::function<bool()>& is_over) {
    connection.exec("create extension if not exists pg_stat_statements schema public");
    // It is claimed and begun before the first of these times, and told after the last.
    const Clock::time_point begin = Clock::now() + 1500ms + (idle_windows + 1) * window;
    const std::string talk =
        baton::encode_json(Talk{milliseconds(begin.time_since_epoch()), milliseconds(window)});
    const std::string task(
        connection.exec("select enqueue('talk_locally', '" + talk + "')").only().text(0));
    baton::sql::pause_unless(
        1h, [&] { return is_over() || Clock::now() >= begin - (idle_windows + 1) * window; });
    Counts idle;
    std::int64_t idle_least = 0;
    std::int64_t idle_most = 0;
    for (int i = idle_windows; i > 0; --i) {
        const Counts counts = count_in(connection, begin - i * window, is_over);
        const std::int64_t sum = sum_of(counts);
        idle_least = i == idle_windows ? sum : std::min(idle_least, sum);
        idle_most = std::max(idle_most, sum);
        for (const auto& [kind, calls] : counts) idle[kind] = std::max(idle[kind], calls);
    }
    baton::sql::pause_unless(1h, [&] { return is_over() || Clock::now() >= begin; });
    const Counts busy = count_in(connection, begin + window, is_over);
    const auto is_done = [&] {
        return is_over() ||
               connection.exec("select exists (select from task_end where task = " + task + ")")
                   .only()
                   .boolean(0);
    };
    while (!baton::sql::pause_unless(20ms, is_done)) {
    }
    if (is_over()) return "";
    const baton::sql::Result result =
        connection.exec("select result ->> 'heard' from task_end where task = " + task);
    return "said " + std::string(result.only().text(0)) +
           " messages on a task's local bus in 0.7 s; Postgres had " +
           std::to_string(sum_of(busy)) + " statements meanwhile, in idle times as long " +
           std::to_string(idle_least) + " to " + std::to_string(idle_most) + ": beyond those, " +
           std::to_string(beyond(busy, idle));
}

}  // namespace superstore
