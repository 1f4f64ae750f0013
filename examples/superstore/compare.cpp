// Each statement joins all rows that should be with all rows that are: a row that is missing on
// either side is null there, so it is found like one whose figures differ. Views are tables, so
// they can be joined with the shop's own like any other.
#include "compare.hpp"

#include <array>
#include <chrono>
#include <iostream>
#include <string>

#include "baton/sql/failure.hpp"

#include "arguments.hpp"

namespace superstore {
namespace {

struct Comparison {
    const char* view;
    const char* count;
    const char* differences;  // the row as it should be, and as it is
};

constexpr std::array<Comparison, 5> comparisons{{
    {"monthly_sales", "select count(*) from monthly_sales", R"(
        with expected as (
            select to_char(o.ordered_on, 'YYYY-MM') as month, o.region,
                   count(distinct o.order_id) as orders, count(*) as lines,
                   sum(l.quantity) as quantity, sum(l.sales) as sales, sum(l.profit) as profit
              from shop.orders o
              join shop.order_line l on l.order_id = o.order_id
             group by 1, 2)
        select expected::text, actual::text
          from expected
          full join monthly_sales as actual
            on (actual.month, actual.region) = (expected.month, expected.region)
         where expected is distinct from actual
         order by coalesce(expected.month, actual.month),
                  coalesce(expected.region, actual.region))"},
    {"customer_totals", "select count(*) from customer_totals", R"(
        with expected as (
            select o.customer_id, o.customer_name, o.segment,
                   count(distinct o.order_id) as orders, count(*) as lines,
                   sum(l.sales) as sales, sum(l.profit) as profit,
                   min(o.ordered_on) as first_order, max(o.ordered_on) as last_order
              from shop.orders o
              join shop.order_line l on l.order_id = o.order_id
             group by 1, 2, 3)
        select expected::text, actual::text
          from expected
          full join customer_totals as actual on actual.customer_id = expected.customer_id
         where expected is distinct from actual
         order by coalesce(expected.customer_id, actual.customer_id))"},
    {"category_sales", "select count(*) from category_sales", R"(
        with expected as (
            select l.category, l.sub_category, count(*) as lines, sum(l.quantity) as quantity,
                   sum(l.sales) as sales, sum(l.profit) as profit
              from shop.order_line l
             group by 1, 2)
        select expected::text, actual::text
          from expected
          full join category_sales as actual
            on (actual.category, actual.sub_category) = (expected.category, expected.sub_category)
         where expected is distinct from actual
         order by coalesce(expected.sub_category, actual.sub_category))"},
    {"invoice", "select count(*) from shop.invoice", R"(
        with expected as (
            select o.order_id, o.customer_id, sum(l.sales) as amount
              from shop.orders o
              join shop.order_line l on l.order_id = o.order_id
             group by 1, 2),
        actual as (
            select i.order_id, min(i.customer_id) as customer_id, sum(i.amount) as amount
              from shop.invoice i
             group by 1)
        select expected::text, actual::text
          from expected
          full join actual on actual.order_id = expected.order_id
         where expected is distinct from actual
         order by coalesce(expected.order_id, actual.order_id))"},
    {"same_day", "select count(distinct order_id) from shop.stock_move", R"(
        with placed as (
            select o.order_id, count(*) as lines, sum(l.quantity) as quantity,
                   sum(l.sales) as amount
              from shop.orders o
              join shop.order_line l on l.order_id = o.order_id
             where o.ship_mode = 'Same Day'
             group by 1),
        expected as (
            select order_id, lines as moves, quantity as kept, amount as paid, 1 as shipments
              from placed where amount <= 2500
             union all
            select order_id, 2 * lines, 0, null, 0 from placed where amount > 2500),
        moved as (
            select order_id, count(*) as moves, sum(quantity) as kept
              from shop.stock_move group by 1),
        paid as (select order_id, sum(amount) as paid from shop.payment group by 1),
        shipped as (select order_id, count(*)::int as shipments from shop.shipment group by 1),
        actual as (
            select order_id, moves, kept, paid, coalesce(shipments, 0) as shipments
              from moved full join paid using (order_id) full join shipped using (order_id))
        select expected::text, actual::text
          from expected
          full join actual on actual.order_id = expected.order_id
         where expected is distinct from actual
         order by coalesce(expected.order_id, actual.order_id))"},
}};

bool has_invoices(baton::sql::Connection& connection) {
    return connection.exec("select exists (select from shop.invoice)").only().boolean(0);
}

bool has_same_day(baton::sql::Connection& connection) {
    return connection.exec("select exists (select from shop.stock_move)").only().boolean(0);
}

std::string row_or_none(const baton::sql::Row& row, int column) {
    return row.is_null(column) ? "no row" : std::string(row.text(column));
}

}  // namespace

bool compare(baton::sql::Connection& connection, std::ostream& out) {
    const bool invoiced = has_invoices(connection);
    const bool shipped = has_same_day(connection);
    // One snapshot for everything: what is placed meanwhile is in neither side of a comparison.
    baton::sql::Transaction transaction(connection, baton::sql::Isolation::repeatable_read);
    bool all_agree = true;
    for (const Comparison& comparison : comparisons) {
        const baton::sql::Result differences = transaction.exec(comparison.differences);
        if (!invoiced && comparison.view == std::string_view("invoice")) {
            out << "invoice: none, because no node has run\n";
        } else if (!shipped && comparison.view == std::string_view("same_day")) {
            out << "same_day: none, because no workflow was started\n";
        } else if (differences.empty()) {
            const baton::sql::Result count = transaction.exec(comparison.count);
            out << comparison.view << ": " << count.only().text(0) << " rows agree\n";
        } else {
            all_agree = false;
            out << comparison.view << ": " << differences.size() << " rows differ\n";
            for (const baton::sql::Row row : differences) {
                out << "  the orders say " << row_or_none(row, 0) << ", there is "
                    << row_or_none(row, 1) << '\n';
            }
        }
    }
    out.flush();
    return all_agree;
}

void wait_for_invoices(baton::sql::Connection& connection, std::chrono::seconds timeout,
                       const std::function<bool()>& stop) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    const auto is_over = [&] { return stop() || std::chrono::steady_clock::now() > end; };
    const auto missing = [&] {
        return connection
            .exec("select (select count(*) from shop.orders) > (select count(*) from shop.invoice)")
            .only()
            .boolean(0);
    };
    while (missing() && !baton::sql::pause_unless(std::chrono::milliseconds(100), is_over)) {
    }
}

int run_compare(const baton::VerbContext& context) {
    CLI::App command("Compare every row of every view with the orders", "superstore compare");
    if (!parse(command, context.arguments)) return 0;

    baton::sql::Connection connection(context.environment.url.value,
                                      {.schema = context.environment.schema()});
    if (has_invoices(connection)) {
        wait_for_invoices(connection, std::chrono::seconds(30), [] { return false; });
    }
    return compare(connection, std::cout) ? 0 : 1;
}

}  // namespace superstore
