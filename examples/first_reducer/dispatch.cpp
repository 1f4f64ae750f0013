// An application's own transaction that dispatches, from C++: README.md shows the inside of main().
//
// It is another program than the one with the reducers, as it is in real life: all that the two
// share is the event. The table `payment` is the application's own; README.md makes it from psql.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <pqxx/pqxx>
#include <string_view>

#include <baton/reducers/reducer.hpp>
#include <baton/sql/dispatch.hpp>

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

int main() try {
    const char* const url = std::getenv("DATABASE_URL");
    pqxx::connection connection(url == nullptr ? "" : url);

    pqxx::work transaction(connection);
    transaction.exec("insert into payment (amount) values (12.50)");
    const baton::EventId event =
        baton::dispatch(transaction, PaymentReceived{"dave", baton::Decimal::parse("12.50")});
    transaction.commit();
    baton::wait_for(connection, event);  // every view has it now
} catch (const std::exception& error) {
    std::cerr << "payments_dispatch: " << error.what() << "\n";
    return 1;
}
