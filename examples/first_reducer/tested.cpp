// A program that tests itself: `payments_tested test` runs what add_test() adds, each in an
// environment of its own on a private Postgres. docs/testing.md tells it step by step.
#include <baton/baton.hpp>
#include <baton/testing/testing.hpp>

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct ReceiptSent {
    static constexpr std::string_view event_type = "receipt/sent";
    std::string account;
    BATON_FIELDS(account)
};

struct Balance {
    std::string account;
    baton::Decimal total;
    BATON_FIELDS(account, total)
    BATON_KEY(account)
};

struct BalanceReducer {
    using Row = Balance;
    using Events = baton::EventTypes<PaymentReceived>;
    static constexpr std::string_view name = "balance";
    static constexpr int version = 1;

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows) const {
        rows.at(payment.account).total += payment.amount;
    }
};

struct SendReceipt {
    using Event = PaymentReceived;
    static constexpr std::string_view name = "send_receipt";
    static constexpr int version = 1;

    baton::Outcome handle(const PaymentReceived& payment, baton::TaskContext& task) const {
        if (task.now() < baton::Timestamp::parse("2026-01-01T00:00:00Z")) {
            return baton::dead_letter("there were no receipts before 2026");
        }
        task.dispatch(ReceiptSent{payment.account});
        return baton::done();
    }
};

baton::Decimal eur(const char* amount) { return baton::Decimal::parse(amount); }

void adds_up(baton::testing::TestEnvironment& /*environment*/) {
    baton::testing::given<BalanceReducer>(PaymentReceived{"alice", eur("12.50")})
        .when(PaymentReceived{"alice", eur("7.50")})
        .then(Balance{"alice", eur("20.00")});
}

void knows_no_receipts_of_before(baton::testing::TestEnvironment& /*environment*/) {
    const auto ran = baton::testing::perform_task<SendReceipt>(
        PaymentReceived{"alice", eur("1")},
        {.now = [] { return baton::Timestamp::parse("2025-12-31T23:59:59Z"); }});
    if (ran.outcome.kind != baton::Outcome::Kind::dead) {
        throw baton::testing::ExpectationFailed("the handler took a payment of 2025");
    }
}

void sends_each_receipt_once(baton::testing::TestEnvironment& environment) {
    environment.set_time(baton::Timestamp::parse("2026-03-09T12:00:00Z"));
    environment.dispatch(PaymentReceived{"alice", eur("12.50")});
    environment.expect_enqueued<SendReceipt>(PaymentReceived{"alice", eur("12.50")});
    environment.crash_at("task_handled");  // the node dies with its transaction open
    environment.drain();
    environment.expect_dispatched(ReceiptSent{"alice"});
    if (environment.events("receipt/sent").size() != 1) {
        throw baton::testing::ExpectationFailed("there is more than one receipt");
    }
    environment.expect_no_version_mix();
}

int main(int argc, char** argv) {
    baton::App app("payments");
    app.add<BalanceReducer>().add<SendReceipt>();
    app.add_test("a balance adds up", adds_up);
    app.add_test("there are no receipts of before", knows_no_receipts_of_before);
    app.add_test("each receipt is sent once, whoever dies", sends_each_receipt_once);
    return app.run(argc, argv);
}
