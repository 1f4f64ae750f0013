// A handler that follows from an event, as README.md shows it, in a program that runs it.
#include <baton/baton.hpp>

#include <pqxx/dbtransaction>

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct SendReceipt {
    using Event = PaymentReceived;  // each becomes a task
    static constexpr std::string_view name = "send_receipt";
    static constexpr int version = 1;

    void handle(const PaymentReceived& payment, baton::TaskContext& task) const {
        task.tx().exec_params("insert into receipt (account, amount) values ($1, $2)",
                              payment.account, payment.amount.text());
    }
};

int main(int argc, char** argv) {
    baton::App app("payments");
    app.add<SendReceipt>();
    return app.run(argc, argv);
}
