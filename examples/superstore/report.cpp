#include "report.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

#include "arguments.hpp"

namespace superstore {
namespace {

// A view is read with plain SQL. The casts give all amounts the same number of decimals.
constexpr const char* report_rows = R"(
    select coalesce(month, 'total'), coalesce(region, ''), sum(orders), sum(lines), sum(quantity),
           sum(sales)::numeric(20, 4), sum(profit)::numeric(20, 4)
      from monthly_sales
     where month between $1 || '-01' and $1 || '-12'
     group by grouping sets ((month, region), ())
     order by month, region)";

constexpr std::array<std::string_view, 7> headings{"month",    "region", "orders", "lines",
                                                   "quantity", "sales",  "profit"};
constexpr std::array<int, 7> widths{7, 8, 7, 6, 9, 13, 13};

struct CsvView {
    std::string_view name;
    std::string_view columns;
    std::string_view key;
};
constexpr std::array<CsvView, 3> views{{
    {"monthly_sales", "month,region,orders,lines,quantity,sales,profit", "month, region"},
    {"customer_totals", "customer_id,name,segment,orders,lines,sales,profit,first_order,last_order",
     "customer_id"},
    {"category_sales", "category,sub_category,lines,quantity,sales,profit",
     "category, sub_category"},
}};

void print_cell(std::ostream& out, std::size_t column, std::string_view text) {
    const bool is_number = column >= 2;
    out << (column == 0 ? "" : " ") << (is_number ? std::right : std::left)
        << std::setw(widths[column]) << text;
}

}  // namespace

void print_report(baton::sql::Connection& connection, int year, std::ostream& out) {
    baton::sql::Transaction transaction(connection);
    const baton::sql::Result rows = transaction.exec(report_rows, {std::to_string(year)});
    for (std::size_t i = 0; i < headings.size(); ++i) print_cell(out, i, headings[i]);
    out << '\n';
    for (const baton::sql::Row row : rows) {
        for (std::size_t i = 0; i < headings.size(); ++i) {
            print_cell(out, i, row.text(static_cast<int>(i)));
        }
        out << '\n';
    }
    out.flush();
}

std::vector<std::string> csv_views() {
    std::vector<std::string> names;
    for (const CsvView& view : views) names.emplace_back(view.name);
    return names;
}

void print_csv(baton::sql::Connection& connection, const std::string& view, std::ostream& out) {
    const auto known = std::ranges::find(views, view, &CsvView::name);
    if (known == views.end()) {
        throw baton::Error(baton::ErrorCode::view_unknown, "the store has no view " + view);
    }
    const auto column_count = 1 + std::ranges::count(known->columns, ',');
    baton::sql::Transaction transaction(connection);
    const baton::sql::Result rows =
        transaction.exec("select " + std::string(known->columns) + " from " + view + " order by " +
                         std::string(known->key));
    out << known->columns << '\n';
    for (const baton::sql::Row row : rows) {
        for (int i = 0; i < column_count; ++i) {
            out << (i == 0 ? "" : ",") << baton::csv_field(row.text(i));
        }
        out << '\n';
    }
    out.flush();
}

int run_report(const baton::VerbContext& context) {
    int year = 2017;
    CLI::App command("Print the twelve months of a year by region", "superstore report");
    command.add_option("--year", year, "the year")
        ->check(CLI::Range(1, 9999))
        ->capture_default_str();
    if (!parse(command, context.arguments)) return 0;

    baton::sql::Connection connection(context.environment.url.value,
                                      {.schema = context.environment.schema()});
    print_report(connection, year, std::cout);
    return 0;
}

}  // namespace superstore
