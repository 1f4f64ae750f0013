// A store that keeps its monthly, customer and category figures with Baton.
//
// The program has every verb of `baton` (orchestrate, status, log, view, up, …), with the store's
// reducers inside, and four verbs of its own. Try `superstore demo`.
#include "baton/cli/app.hpp"

#include "compare.hpp"
#include "demo.hpp"
#include "place_orders.hpp"
#include "reducers.hpp"
#include "report.hpp"

int main(int argc, char** argv) {
    baton::App app("superstore");
    app.add<superstore::MonthlySalesReducer>();
    app.add<superstore::CustomerTotalsReducer>();
    app.add_sql_reducer(SUPERSTORE_FOLDER "/reducers/category_sales.sql");

    app.add_verb("place",
                 "place orders, concurrently: [--clients 4] [--rollback-share 0.2] [--seed 1] "
                 "[--wait 30] [CSV]",
                 superstore::run_place);
    app.add_verb("report", "print a year's months by region: [--year 2017]",
                 superstore::run_report);
    app.add_verb("compare", "compare every row of every view with the orders",
                 superstore::run_compare);
    app.add_verb("demo", "all of it, on a private database: [--csv VIEW]", superstore::run_demo,
                 false);
    return app.run(argc, argv);
}
