// The code that docs/library.md shows is compiled and run: it stands in here.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>
#include <thread>

#include "baton/baton.hpp"
#include "baton/orchestrator/orchestrator.hpp"
#include "baton/reducers/given.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/given_sql.hpp"
#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "support/environment.hpp"

namespace baton::testing {
namespace {

struct Line {  // a part of an event
    std::string sku;
    std::int32_t quantity{};
    BATON_FIELDS(sku, quantity)
};

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    baton::Uuid order;
    std::string customer;
    baton::Date day;
    baton::Decimal amount;
    std::vector<Line> lines;
    std::optional<std::string> coupon;
    BATON_FIELDS(order, customer, day, amount, lines, coupon)
};

struct CustomerForgotten {
    static constexpr std::string_view event_type = "customer/forgotten";
    std::string customer, month;
    BATON_FIELDS(customer, month)
};

struct CustomerMonth {
    std::string customer;
    std::string month;
    std::int64_t orders{};
    baton::Decimal amount;
    std::optional<std::string> last_key;
    BATON_FIELDS(customer, month, orders, amount, last_key)
    BATON_KEY(customer, month)
};

struct CustomerMonthsReducer {
    using Row = CustomerMonth;
    using Events = baton::EventTypes<OrderPlaced, CustomerForgotten>;
    static constexpr std::string_view name = "customer_months";
    static constexpr int version = 1;

    void reduce(const OrderPlaced& order, baton::Rows<CustomerMonth>& rows,
                const baton::Event& event) const {
        CustomerMonth& row = rows.at(order.customer, order.day.month());
        row.orders += 1;
        row.amount += order.amount;
        if (event.key) row.last_key = *event.key;
    }
    void reduce(const CustomerForgotten& gone, baton::Rows<CustomerMonth>& rows) const {
        rows.erase(gone.customer, gone.month);
    }
};

OrderPlaced order(const std::string& customer, const std::string& amount) {
    return {{}, customer, Date(2017, 3, 9), Decimal::parse(amount), {{"chair", 2}}, std::nullopt};
}

TEST(LibrarySnippetsTest, CppSnippetsStandInWhatIsCompiled) {
    const CppOfDocument found = cpp_of_document("docs/library.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 7);
    const CppOfDocument effects = cpp_of_document("docs/effects.md");
    EXPECT_EQ(effects.faults, "");
    EXPECT_EQ(effects.blocks, 1);
}

TEST(LibrarySnippetsTest, GivenShowsTheView) {
    // clang-format off
    const auto then = baton::given<CustomerMonthsReducer>(
        order("alice", "12.50"), order("alice", "7.50"), CustomerForgotten{"bob", "2017-03"});
    EXPECT_EQ(then.row("alice", "2017-03")->amount, baton::Decimal(20));
    EXPECT_EQ(then.rows().size(), 1U);  // all, in the order of their keys
    // clang-format on
}

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    Decimal amount;
    BATON_FIELDS(account, amount)
};

struct PaymentsOfDay {
    Date day;
    std::int64_t payments{};
    Decimal total;
    std::int64_t position{};
    BATON_FIELDS(day, payments, total, position)
};

TEST(LibrarySnippetsTest, GivenSqlShowsTheViewAndLeavesNothing) {
    const TestDatabase database;
    sql::Connection connection(database.url());
    const Timestamp noon = Timestamp::parse("2017-03-09T12:00:00Z");
    std::filesystem::current_path(BATON_SOURCE_DIR);
    {
        // clang-format off
        baton::sql::GivenSql given(connection, "examples/first_reducer/payments_by_day.sql");
        given.and_then(PaymentReceived{"alice", baton::Decimal::parse("12.50")}, noon);
        given.and_then(PaymentReceived{"bob", baton::Decimal::parse("7.50")}, noon);
        EXPECT_EQ(given.rows<PaymentsOfDay>().front().total, baton::Decimal(20));
        // clang-format on
        const auto rows = given.rows<PaymentsOfDay>();
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0].day, Date(2017, 3, 9));
        EXPECT_EQ(rows[0].payments, 2);
        EXPECT_EQ(rows[0].position, 2);
        EXPECT_THROW(given.and_then(
                         NewEvent{.type = "payment/received", .payload = R"({"amount": "much"})"}),
                     sql::SqlError);
    }
    EXPECT_EQ(connection.exec("select count(*) from pg_namespace where nspname like 'given%'")
                  .only()
                  .integer(0),
              0);
}

// Records the log until it goes out of scope.
class Recording {
public:
    Recording(const std::string& url, const std::string& schema)
        : orchestrator_(options(url, schema), registry_),
          thread_([this] { orchestrator_.run(); }) {}
    ~Recording() { orchestrator_.stop(); }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

private:
    static OrchestratorOptions options(const std::string& url, const std::string& schema) {
        OrchestratorOptions options;
        options.url = url;
        options.schema = schema;
        options.credentials = test_credentials();
        return options;
    }
    static Registry registry() {
        Registry registry;
        registry.add<CustomerMonthsReducer>();
        return registry;
    }

    Registry registry_ = registry();
    Orchestrator orchestrator_;
    std::jthread thread_;
};

TEST(LibrarySnippetsTest, DispatchTakesOptionsAndTheLogIsReadAgain) {
    const TestDatabase database(environment_template());
    const std::string schema = sql::Connection(database.url(), in_test_schema()).schema();
    const Recording recording(database.url(), schema);
    pqxx::connection connection(database.url());
    pqxx::nontransaction(connection).exec("set search_path = " + schema);
    const Uuid id = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    EventId dispatched{};
    {
        pqxx::work transaction(connection);
        // clang-format off
        const baton::EventId event = baton::dispatch(
            transaction, order("alice", "12.50"),
            {.key = "order/42", .tenant = "shop", .meta = R"({"user": "eve"})", .dispatch_id = id});
        // clang-format on
        transaction.commit();
        dispatched = event;
    }
    EXPECT_EQ(wait_for(connection, dispatched, std::chrono::seconds(60)), Position{1});
    pqxx::work transaction(connection);
    Decimal amount;
    // clang-format off
    const pqxx::result log = transaction.exec(
        "select position, payload from read_log(0, 1000) where type = 'order/placed'");
    for (const pqxx::row& row : log) {
        const auto placed = baton::decode_json<OrderPlaced>(row["payload"].c_str());
        amount += placed.amount;
    }
    // clang-format on
    EXPECT_EQ(amount, Decimal::parse("12.50"));
    const pqxx::result view = transaction.exec(
        "select last_key, amount::text, (select tenant || (meta ->> 'user') from event)"
        " from customer_months");
    ASSERT_EQ(view.size(), 1);
    EXPECT_EQ(view[0][0].as<std::string>(), "order/42");
    EXPECT_EQ(view[0][1].as<std::string>(), "12.50");
    EXPECT_EQ(view[0][2].as<std::string>(), "shopeve");
}

TEST(LibrarySnippetsTest, AVerbIsGivenItsContext) {
    App app("shop");
    // clang-format off
    app.add_verb("greet", "Says where the database is", [](const baton::VerbContext& context) {
        std::puts(context.environment.name.value.c_str());   // from flags, variables and file
        return context.arguments.empty() ? 0 : 2;            // the exit code
    });
    // clang-format on
    std::string program = "shop";
    std::string verb = "greet";
    std::string more = "more";
    std::array<char*, 3> arguments{program.data(), verb.data(), more.data()};
    ::setenv("DATABASE_URL", "host=h", 1);
    EXPECT_EQ(app.run(3, arguments.data()), 2);
}

}  // namespace
}  // namespace baton::testing
