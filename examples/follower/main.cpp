// A follower: keeps a line of each payment in a table of its own, in the log's order, exactly once.
// `statements up`, or `statements node` on as many machines as you like: one of them follows.

#include <baton/baton.hpp>
#include <pqxx/dbtransaction>

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct KeepStatement {
    using Event = PaymentReceived;
    static constexpr std::string_view name = "keep_statement";
    static constexpr std::string_view bookmark = "statement";  // durable: where it goes on
    static constexpr std::int64_t from = 1;                    // at first, with the whole log

    void follow(const PaymentReceived& payment, baton::FollowContext& at) const {
        // Commits together with the bookmark's move.
        at.tx().exec_params("insert into statement_line (account, amount) values ($1, $2)",
                            payment.account, payment.amount.text());
    }
};

int main(int argc, char** argv) {
    baton::App app("statements");
    app.add<KeepStatement>();
    return app.run(argc, argv);
}
