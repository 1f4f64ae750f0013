// An UPDATE of a captured table against the same of one that is not: two tables of a shop's orders,
// alike, with the indexes that such a table has.
#include "baton/sql/connection.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

void make_orders(sql::Connection& connection, const std::string& table, std::int64_t count) {
    connection.exec(
        "create table public." + table +
        " (id bigint primary key, customer bigint not null, status text not null, total "
        "numeric(12, 2) not null, note text, placed_at timestamptz not null default now());"
        "create index on public." +
        table + " (customer); create index on public." + table +
        " (status); create index on public." + table + " (placed_at); insert into public." + table +
        " (id, customer, status, total, note) select i, i % 1000, 'new', (i % 10000) / 100.0, "
        "md5(i::text) || md5(i::text) from generate_series(1, " +
        std::to_string(count) + ") i");
}

double update_rate(sql::Connection& connection, const std::string& table, int round,
                   std::int64_t count) {
    connection.exec("vacuum analyze public." + table);
    const Clock::time_point start = Clock::now();
    connection.exec("update public." + table + " set total = total + 1, status = 'round " +
                    std::to_string(round) + "'");
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace

void measure_capture(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    const Database database(workbench, "capture");
    sql::ConnectOptions options;
    options.schema = schema;
    sql::Connection connection(database.url(), options);
    connection.exec("select add_event_partitions()");
    make_orders(connection, "plain_orders", count);
    make_orders(connection, "orders", count);
    connection.exec("select capture_table('orders', 'order/changed', '{customer,status,total}')");

    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const double start = workbench.cpu_seconds();
        bare.push_back(update_rate(connection, "plain_orders", round, count));
        const double middle = workbench.cpu_seconds();
        baton.push_back(update_rate(connection, "orders", round, count));
        const double end = workbench.cpu_seconds();
        bare_cpu.push_back((middle - start) / static_cast<double>(count) * 1e6);
        baton_cpu.push_back((end - middle) / static_cast<double>(count) * 1e6);
    }
    const std::string config = std::to_string(count) + " rows, one statement";
    workbench.report({"capture", config, "rows/s", median(baton), median(bare),
                      Goal{Goal::Of::ratio, true, 0.50}});
    workbench.report(
        {"capture_cpu", config + ", server CPU", "us/row", median(baton_cpu), median(bare_cpu)});
}

}  // namespace baton::bench
