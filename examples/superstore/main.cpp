// A store that keeps its monthly, customer and category figures with Baton, and writes its invoices
// and its year's report with it.
//
// The program has every verb of `baton` (orchestrate, status, log, view, up, …), with the
// store's reducers and handlers inside, and five verbs of its own. Try `superstore demo`.
#include "baton/cli/app.hpp"

#include "compare.hpp"
#include "demo.hpp"
#include "followers/greet_customer.hpp"
#include "handlers/compute_month.hpp"
#include "handlers/nightly_report.hpp"
#include "handlers/same_day.hpp"
#include "handlers/send_invoice.hpp"
#include "handlers/talk_locally.hpp"
#include "place_orders.hpp"
#include "reducers/customer_totals.hpp"
#include "reducers/monthly_sales.hpp"
#include "report.hpp"
#include "year_report.hpp"

int main(int argc, char** argv) {
    baton::App app("superstore");
    app.add<superstore::MonthlySalesReducer>();
    app.add<superstore::CustomerTotalsReducer>();
    app.add<superstore::SendInvoice>();
    app.add<superstore::ComputeMonth>();
    app.add<superstore::NightlyReport>();
    app.add<superstore::TalkLocally>();
    app.add<superstore::GreetCustomer>();
    app.add<superstore::ReserveGoods>()
        .add<superstore::ReleaseGoods>()
        .add<superstore::ChargeOrder>()
        .add<superstore::ShipOrder>()
        .add_workflow<superstore::ReserveGoods, superstore::ChargeOrder, superstore::ShipOrder>(
            "same_day", 1);
    app.declare<superstore::OrderShipped>();
    app.add_sql_reducer(SUPERSTORE_FOLDER "/reducers/category_sales.sql");
    // Whoever compares the three sees them at one version and one position. See next/.
    app.add_view_set("sales", 1, {"monthly_sales", "customer_totals", "category_sales"});

    app.add_verb("place",
                 "place orders, concurrently\n"
                 "Options of its own:\n"
                 "  CSV                     the orders' file [that of the example]\n"
                 "  --clients N             how many clients place orders at once [4]\n"
                 "  --rollback-share SHARE  how many of the transactions are rolled back [0.2]\n"
                 "  --seed N                decides the order of the orders [1]\n"
                 "  --same-day              start the workflow of each order that is to be shipped "
                 "the same day\n"
                 "  --wait SECONDS          how long the views may take to have the last [30]",
                 superstore::run_place);
    app.add_verb("report",
                 "print a year's months by region\n"
                 "Options of its own:\n"
                 "  --year YEAR             the year [2017]",
                 superstore::run_report);
    app.add_verb("year",
                 "open the task set of a year's report, which nodes compute\n"
                 "Options of its own:\n"
                 "  --year YEAR             the year [2017]",
                 superstore::run_year);
    app.add_verb("compare", "compare every row of every view, and every invoice, with the orders",
                 superstore::run_compare);
    app.add_verb("demo",
                 "all of it, on a private database\n"
                 "Options of its own:\n"
                 "  --csv VIEW              print only this view, as CSV",
                 superstore::run_demo, false);
    return app.run(argc, argv);
}
