// The code that docs/testing_reducers.md shows is compiled and run: it stands in here.

#include <gtest/gtest.h>

#include <stdexcept>

#include <baton/reducers/given.hpp>
#include <baton/sql/given_sql.hpp>

#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "support/environment.hpp"

namespace {

struct PaymentReceivedV1 {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    static constexpr int schema_version = 2;
    using Former = PaymentReceivedV1;
    static PaymentReceived upcast(const PaymentReceivedV1& former) {
        return {former.account, former.amount, "EUR"};
    }
    std::string account;
    baton::Decimal amount;
    std::string currency;
    BATON_FIELDS(account, amount, currency)
};

struct AccountClosed {
    static constexpr std::string_view event_type = "account/closed";
    std::string account, currency;
    BATON_FIELDS(account, currency)
};

struct Balance {
    std::string account, currency;
    std::int64_t payments{};
    baton::Decimal total;
    std::optional<baton::Date> last;
    BATON_FIELDS(account, currency, payments, total, last)
    BATON_KEY(account, currency)
};

struct BalanceReducer {
    using Row = Balance;
    using Events = baton::EventTypes<PaymentReceived, AccountClosed>;
    static constexpr std::string_view name = "balance";
    static constexpr int version = 1;

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows,
                const baton::Event& event) const {
        if (payment.amount < baton::Decimal(0)) throw std::invalid_argument("amount below zero");
        Balance& balance = rows.at(payment.account, payment.currency);
        balance.payments += 1;
        balance.total += payment.amount;
        balance.last = event.dispatched_at.date();
    }
    void reduce(const AccountClosed& closed, baton::Rows<Balance>& rows) const {
        rows.erase(closed.account, closed.currency);
    }
};

baton::Decimal eur(const char* amount) { return baton::Decimal::parse(amount); }

TEST(BalanceReducerTest, AddsWhatAnAccountGets) {
    const auto then = baton::given<BalanceReducer>(PaymentReceived{"alice", eur("12.50"), "EUR"},
                                                   PaymentReceived{"alice", eur("7.50"), "EUR"},
                                                   PaymentReceived{"bob", eur("1.00"), "EUR"});
    EXPECT_EQ(then.row("alice", "EUR")->total, eur("20"));
    EXPECT_EQ(then.row("alice", "EUR")->payments, 2);
    EXPECT_FALSE(then.row("alice", "CHF"));
    EXPECT_EQ(then.rows().size(), 2U);  // all, in the order of their keys
}

TEST(BalanceReducerTest, ForgetsAClosedAccount) {
    const auto then = baton::given<BalanceReducer>(PaymentReceived{"alice", eur("12.50"), "EUR"},
                                                   AccountClosed{"alice", "EUR"});
    EXPECT_TRUE(then.rows().empty());
}

TEST(BalanceReducerTest, TakesPaymentsOfBeforeCurrencies) {
    const auto then = baton::given<BalanceReducer>(PaymentReceivedV1{"alice", eur("12.50")},
                                                   PaymentReceived{"alice", eur("1.25"), "CHF"});
    EXPECT_EQ(then.row("alice", "EUR")->total, eur("12.50"));
    EXPECT_EQ(then.row("alice", "CHF")->total, eur("1.25"));
}

TEST(BalanceReducerTest, KnowsWhenItWas) {
    baton::Given<BalanceReducer> view;
    view.and_then(PaymentReceived{"alice", eur("12.50"), "EUR"},
                  {.dispatched_at = baton::Timestamp::parse("2017-03-09T12:00:00Z")});
    EXPECT_EQ(view.row("alice", "EUR")->last, baton::Date(2017, 3, 9));
}

TEST(BalanceReducerTest, RefusesAnAmountBelowZero) {
    baton::Given<BalanceReducer> view;
    EXPECT_THROW(view.and_then(PaymentReceived{"alice", eur("-1"), "EUR"}), std::invalid_argument);
}

TEST(BalanceReducerTest, IsAccepted) {
    static_assert(baton::reducers::check_reducer<BalanceReducer>());
    baton::Registry registry;
    registry.add<BalanceReducer>();  // throws what it would say at start
    EXPECT_EQ(registry.reducers().front().key_columns.size(), 2U);
}

struct PaymentsOfDay {
    baton::Date day;
    std::int64_t payments{};
    baton::Decimal total;
    BATON_FIELDS(day, payments, total)
};

void fold_payments(baton::sql::Connection& connection) {
    // clang-format off
    const auto noon = baton::Timestamp::parse("2017-03-09T12:00:00Z");
    baton::sql::GivenSql given(connection, "examples/first_reducer/payments_by_day.sql");
    given.and_then(PaymentReceivedV1{"alice", eur("12.50")}, noon);
    given.and_then(PaymentReceived{"bob", eur("7.50"), "EUR"}, noon, {.key = "bob"});
    const auto rows = given.rows<PaymentsOfDay>();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].total, eur("20"));
    // clang-format on
}

}  // namespace

namespace baton::testing {
namespace {

TEST(ReducerTestingTest, ASqlReducerIsTestedLikeThat) {
    const TestDatabase database;
    sql::Connection connection(database.url());
    std::filesystem::current_path(BATON_SOURCE_DIR);
    fold_payments(connection);
}

TEST(ReducerTestingTest, CppSnippetsStandInWhatIsCompiled) {
    const CppOfDocument found = cpp_of_document("docs/testing_reducers.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 7);
}

}  // namespace
}  // namespace baton::testing
