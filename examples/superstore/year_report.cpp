#include "year_report.hpp"

#include <iostream>
#include <map>
#include <string>

#include "baton/sql/task_set.hpp"

#include "arguments.hpp"
#include "handlers/compute_month.hpp"

namespace superstore {

void open_year(baton::sql::Connection& connection, int year) {
    std::map<std::string, Month> months;
    for (int month = 1; month <= 12; ++month) {
        const std::string name =
            std::to_string(year) + (month < 10 ? "-0" : "-") + std::to_string(month);
        months.emplace(name, Month{name});
    }
    baton::sql::Transaction transaction(connection);
    baton::open_task_set(transaction.raw(), ComputeMonth::name, std::to_string(year), months);
    transaction.commit();
}

std::int64_t months_done(baton::sql::Connection& connection, int year) {
    return connection
        .exec("select coalesce(max(done), 0) from task_sets('compute_month', '" +
              std::to_string(year) + "', limit_count => 1)")
        .only()
        .integer(0);
}

int year_version(baton::sql::Connection& connection, int year) {
    return static_cast<int>(connection
                                .exec("select coalesce(max(version), 0) from task_sets("
                                      "'compute_month', '" +
                                      std::to_string(year) + "', limit_count => 1) where is_shown")
                                .only()
                                .integer(0));
}

bool compare_year(baton::sql::Connection& connection, int year, std::ostream& out) {
    const int version = year_version(connection, year);
    // What each version makes of an order.
    const std::string sales = version == 1 ? "l.sales" : "l.sales - l.sales * l.discount";
    const baton::sql::Result compared = connection.exec(
        "with expected as ("
        " select to_char(o.ordered_on, 'YYYY-MM') as month, count(distinct o.order_id) as orders,"
        "  sum(" +
        sales +
        ") as sales from shop.orders o join shop.order_line l on l.order_id = o.order_id"
        " where date_part('year', o.ordered_on) = " +
        std::to_string(year) +
        " group by 1), actual as (select * from year_report where month like '" +
        std::to_string(year) +
        "-%') select count(*), count(*) filter (where expected is distinct from actual)"
        " from expected full join actual on actual.month = expected.month");
    const std::int64_t differ = compared.only().integer(1);
    out << "year_report of " << year << ", by version " << version << ": ";
    if (differ == 0) {
        out << compared.only().integer(0) << " rows agree\n";
    } else {
        out << differ << " rows differ\n";
    }
    out.flush();
    return differ == 0;
}

int run_year(const baton::VerbContext& context) {
    int year = 2017;
    CLI::App command("Open the task set of a year's report", "superstore year");
    command.add_option("--year", year, "the year [2017]")->check(CLI::Range(1900, 2100));
    if (!parse(command, context.arguments)) return 0;

    baton::sql::Connection connection(context.environment.url.value,
                                      {.schema = context.environment.schema()});
    open_year(connection, year);
    std::cout << "opened the report of " << year << "; see `superstore task-sets list`\n";
    return 0;
}

}  // namespace superstore
