#include "place_orders.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <thread>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/workflow.hpp"

#include "arguments.hpp"
#include "handlers/same_day.hpp"
#include "order_queue.hpp"
#include "orders_csv.hpp"

namespace superstore {
namespace {

using baton::Error;
using baton::ErrorCode;
using namespace std::chrono_literals;

constexpr const char* shop_tables = R"(
    create schema if not exists shop;
    create table if not exists shop.orders (
        order_id      text primary key,
        ordered_on    date not null,
        shipped_on    date not null,
        ship_mode     text not null,
        customer_id   text not null,
        customer_name text not null,
        segment       text not null,
        city          text not null,
        state         text not null,
        region        text not null
    );
    create table if not exists shop.order_line (
        order_id      text    not null references shop.orders,
        line          integer not null,
        product_id    text    not null,
        category      text    not null,
        sub_category  text    not null,
        product       text    not null,
        sales         numeric not null,
        quantity      integer not null,
        discount      numeric not null,
        profit        numeric not null,
        primary key (order_id, line)
    );
    create table if not exists shop.invoice (
        number      bigint  generated always as identity primary key,
        order_id    text    not null references shop.orders,
        customer_id text    not null,
        amount      numeric not null
    );
    create table if not exists shop.greeting (
        customer_id text    primary key,
        first_order text    not null,
        orders      integer not null
    );
    create table if not exists shop.nightly_report (
        slot     text   primary key,
        orders   bigint not null,
        invoices bigint not null
    );
    create table if not exists shop.stock_move (
        number     bigint  generated always as identity primary key,
        order_id   text    not null references shop.orders,
        product_id text    not null,
        quantity   integer not null
    );
    create table if not exists shop.payment (
        number   bigint  generated always as identity primary key,
        order_id text    not null references shop.orders,
        amount   numeric not null
    );
    create table if not exists shop.shipment (
        number   bigint  generated always as identity primary key,
        order_id text    not null references shop.orders
    ))";

constexpr baton::sql::Statement insert_order{
    "insert_order",
    "insert into shop.orders values (:order_id, :ordered_on, :shipped_on, :ship_mode, :customer_id,"
    " :customer_name, :segment, :city, :state, :region) on conflict do nothing"};
constexpr baton::sql::Statement insert_line{
    "insert_line",
    "insert into shop.order_line values (:order_id, :number, :product_id, :category, :sub_category,"
    " :product, :sales, :quantity, :discount, :profit)"};

// With the same dispatch_id, a repeated dispatch is the same event. It must be the same whenever
// this order is placed, so it is made from the order's id, which is short enough to be one.
baton::Uuid dispatch_id_of(const OrderPlaced& order) {
    baton::Uuid::Bytes bytes{};
    if (order.order_id.size() > bytes.size()) {
        throw Error(ErrorCode::usage, "order id " + order.order_id + " is longer than 16 bytes");
    }
    std::copy(order.order_id.begin(), order.order_id.end(), bytes.begin());
    return baton::Uuid(bytes);
}

// Writes the shop's own rows. False if the order is there already.
bool insert_rows(baton::sql::Transaction& transaction, const OrderPlaced& order) {
    const auto inserted = transaction.exec(insert_order, {{"order_id", order.order_id},
                                                          {"ordered_on", order.ordered_on.text()},
                                                          {"shipped_on", order.shipped_on.text()},
                                                          {"ship_mode", order.ship_mode},
                                                          {"customer_id", order.customer.id},
                                                          {"customer_name", order.customer.name},
                                                          {"segment", order.customer.segment},
                                                          {"city", order.city},
                                                          {"state", order.state},
                                                          {"region", order.region}});
    if (inserted.affected_rows() == 0) return false;
    int number = 0;
    for (const OrderLine& line : order.lines) {
        transaction.exec(insert_line, {{"order_id", order.order_id},
                                       {"number", ++number},
                                       {"product_id", line.product_id},
                                       {"category", line.category},
                                       {"sub_category", line.sub_category},
                                       {"product", line.product},
                                       {"sales", line.sales.text()},
                                       {"quantity", line.quantity},
                                       {"discount", line.discount.text()},
                                       {"profit", line.profit.text()}});
    }
    return true;
}

// The order and its run are there together, or neither is. Placed again, it is the same run.
void start_same_day(baton::sql::Transaction& transaction, const OrderPlaced& order) {
    SameDayOrder payload{order.order_id, order.customer.id, {}, {}};
    for (const OrderLine& line : order.lines) {
        payload.amount += line.sales;
        payload.goods.push_back({line.product_id, line.quantity});
    }
    baton::start_workflow(transaction.raw(), "same_day", payload, {.key = order.order_id});
}

// One client of the shop, with a connection of its own.
class Client {
public:
    explicit Client(const PlaceOptions& options) : options_(options) {}

    // Places orders until none is left.
    Placed work(OrderQueue& queue) {
        while (const std::optional<Placement> next = queue.take()) {
            if (options_.stop()) break;
            place(*next);
            if (next->ending == Ending::roll_back) {
                queue.put_back({next->order, Ending::commit});
            }
        }
        if (last_event_) placed_.last_events.push_back(*last_event_);
        return placed_;
    }

private:
    // Placing an order may be repeated, whatever became of the first try, because the order's row
    // and its dispatch_id are recognised. So there is nothing that cannot be retried here.
    void place(const Placement& placement) {
        for (;;) {
            try {
                baton::sql::retry(baton::Backoff(10ms, 1000ms), options_.stop,
                                  [&] { try_to_place(placement); });
                return;
            } catch (const Error& error) {
                // COMMIT was sent and no answer came: it may or may not have happened.
                if (error.code() != ErrorCode::outcome_unknown) throw;
            }
        }
    }

    void try_to_place(const Placement& placement) {
        const OrderPlaced& order = *placement.order;
        baton::sql::Transaction transaction(connection());
        const bool is_new = insert_rows(transaction, order);
        const baton::EventId event =
            baton::dispatch(transaction.raw(), order,
                            {.key = order.order_id, .dispatch_id = dispatch_id_of(order)});
        if (options_.same_day && order.ship_mode == "Same Day") start_same_day(transaction, order);
        if (placement.ending == Ending::roll_back) {
            ++placed_.rolled_back;
            return;  // and neither the rows nor the event nor the run ever were
        }
        transaction.commit();
        last_event_ = event;
        ++placed_.orders;
        if (!is_new) ++placed_.known;
    }

    // A lost connection is an error once; the retry comes here and gets a new one.
    baton::sql::Connection& connection() {
        if (!connection_ || !connection_->is_open()) {
            connection_ = std::make_unique<baton::sql::Connection>(
                options_.url, baton::sql::session_options(options_.schema, "superstore place"));
        }
        return *connection_;
    }

    const PlaceOptions& options_;
    std::unique_ptr<baton::sql::Connection> connection_;
    Placed placed_;
    std::optional<baton::EventId> last_event_;
};

// In an order that only the seed decides, as is which transactions are rolled back.
std::deque<Placement> shuffled(const std::vector<OrderPlaced>& orders,
                               const PlaceOptions& options) {
    std::deque<Placement> placements;
    const double rolled_back = options.rollback_share * static_cast<double>(orders.size());
    for (const OrderPlaced& order : orders) {
        const bool is_rolled_back = static_cast<double>(placements.size()) < rolled_back;
        placements.push_back({&order, is_rolled_back ? Ending::roll_back : Ending::commit});
    }
    std::shuffle(placements.begin(), placements.end(), std::mt19937_64(options.seed));
    return placements;
}

}  // namespace

void create_shop(baton::sql::Connection& connection) {
    baton::sql::Transaction transaction(connection);
    transaction.exec(shop_tables);
    transaction.commit();
}

Placed place_orders(const std::vector<OrderPlaced>& orders, const PlaceOptions& options) {
    OrderQueue queue(shuffled(orders, options));
    const auto started = std::chrono::steady_clock::now();
    std::vector<std::future<Placed>> clients;
    for (int i = 0; i < options.clients; ++i) {
        clients.push_back(std::async(std::launch::async, [&queue, &options] {
            try {
                return Client(options).work(queue);
            } catch (...) {
                queue.clear();
                throw;
            }
        }));
    }
    for (const std::future<Placed>& client : clients) client.wait();

    Placed all;
    for (std::future<Placed>& client : clients) {
        const Placed one = client.get();
        all.orders += one.orders;
        all.known += one.known;
        all.rolled_back += one.rolled_back;
        all.last_events.insert(all.last_events.end(), one.last_events.begin(),
                               one.last_events.end());
    }
    all.time = std::chrono::steady_clock::now() - started;
    return all;
}

void wait_for_views(baton::sql::Connection& connection, const Placed& placed,
                    std::chrono::seconds timeout, const std::function<bool()>& stop) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    // A client's events have the order in which it committed them, so the last one is enough.
    for (const baton::EventId event : placed.last_events) {
        for (bool is_reduced = false; !is_reduced && !stop();) {
            try {
                baton::wait_for(connection.raw(), event, 500ms);
                is_reduced = true;
            } catch (const Error& error) {
                if (error.code() != ErrorCode::wait_timeout) throw;
                if (std::chrono::steady_clock::now() > end) throw;
            }
        }
    }
}

std::string summary(const Placed& placed) {
    std::ostringstream text;
    text.precision(3);
    text << "placed " << placed.orders << " orders";
    if (placed.known > 0) text << " (" << placed.known << " were there already)";
    text << ", rolled back " << placed.rolled_back << " transactions on purpose; "
         << placed.time.count() << " s, "
         << static_cast<std::int64_t>(static_cast<double>(placed.orders) / placed.time.count())
         << " events/s";
    return text.str();
}

int run_place(const baton::VerbContext& context) {
    PlaceOptions options;
    std::string file = orders_file();
    int wait_seconds = 30;
    CLI::App command("Place the orders of a CSV file, concurrently", "superstore place");
    command.add_option("--clients", options.clients, "how many clients place orders at once")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command
        .add_option("--rollback-share", options.rollback_share,
                    "of the orders, how many are rolled back first, and placed again later")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--seed", options.seed, "decides the order of the orders")
        ->capture_default_str();
    command.add_flag("--same-day", options.same_day,
                     "start the workflow of each order that is to be shipped the same day");
    command
        .add_option("--wait", wait_seconds,
                    "seconds to wait until every view has all orders; 0: do not wait")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();
    command.add_option("CSV", file, "the orders; default: those that come with the example");
    if (!parse(command, context.arguments)) return 0;

    options.url = context.environment.url.value;
    options.schema = context.environment.schema();
    const std::vector<OrderPlaced> orders = read_orders(file);
    baton::sql::Connection connection(options.url, {.schema = options.schema});
    create_shop(connection);
    const Placed placed = place_orders(orders, options);
    std::cout << summary(placed) << std::endl;
    if (wait_seconds > 0) {
        wait_for_views(connection, placed, std::chrono::seconds(wait_seconds));
        std::cout << "every view has them" << std::endl;
    }
    return 0;
}

}  // namespace superstore
