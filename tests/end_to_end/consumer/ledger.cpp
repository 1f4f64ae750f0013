// A program whose reducers have files of their own.
#include "balance.hpp"
#include "bank.hpp"

int main(int argc, char** argv) {
    baton::App app("ledger");
    app.add<BalanceReducer>();
    app.add<BankReducer>();
    return app.run(argc, argv);
}
