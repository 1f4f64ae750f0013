// The next release of the store: started beside the first one, it builds its version of the view
// set `sales` while that goes on serving, and switches when it is told to. Its handlers are other
// versions, too, each promoted by itself. See docs/rollout.md and docs/tasks.md.
#include "../reducers/customer_totals.hpp"
#include "baton/cli/app.hpp"
#include "compute_month.hpp"
#include "monthly_sales.hpp"
#include "send_invoice.hpp"

int main(int argc, char** argv) {
    baton::App app("superstore_next");
    app.add<superstore::next::MonthlySalesReducer>();
    app.add<superstore::CustomerTotalsReducer>();
    app.add<superstore::next::SendInvoice>();
    app.add<superstore::next::ComputeMonth>();
    app.add_sql_reducer(SUPERSTORE_FOLDER "/next/category_sales.sql");
    app.add_view_set("sales", 2, {"monthly_sales", "customer_totals", "category_sales"});
    return app.run(argc, argv);
}
