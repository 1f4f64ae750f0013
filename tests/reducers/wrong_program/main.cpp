// A program without a mistake, or with the one that is defined: wrong_program_test.cpp compiles it.
#include <map>

#include "baton/reducers/given.hpp"
#include "baton/reducers/registry.hpp"

struct Refunded {
    static constexpr std::string_view event_type = "payment/refunded";
    std::string account;
    BATON_FIELDS(account)
};

struct PaymentReceived {
#ifndef NO_EVENT_TYPE
    static constexpr std::string_view event_type = "payment/received";
#endif
    std::string account;
    baton::Decimal amount;
#if defined(MAP_FIELD)
    std::map<std::string, std::int64_t> tags;
    BATON_FIELDS(account, amount, tags)
#elif defined(UNSIGNED_FIELD)
    std::uint64_t cents{};
    BATON_FIELDS(account, amount, cents)
#elif defined(VECTOR_OF_UNSIGNED)
    std::optional<std::vector<std::uint32_t> > parts;
    BATON_FIELDS(account, amount, parts)
#elif defined(UNLISTED_MEMBER)
    std::optional<std::string> forgotten;
    BATON_FIELDS(account, amount)
#elif defined(UNKNOWN_MEMBER)
    BATON_FIELDS(account, amout)
#elif !defined(NO_FIELDS)
    BATON_FIELDS(account, amount)
#endif
#ifdef NO_DEFAULT
    PaymentReceived(std::string a, baton::Decimal b) : account(std::move(a)), amount(b) {}
#endif
};

struct Balance {
    std::string account;
    double total{};
    BATON_FIELDS(account, total)
#if defined(UNKNOWN_KEY)
    BATON_KEY(acount)
#elif defined(UNFIT_KEY)
    BATON_KEY(total)
#elif !defined(NO_KEY)
    BATON_KEY(account)
#endif
};

struct BalanceReducer {
#ifndef NO_ROW
    using Row = Balance;
#endif
#ifndef NO_EVENTS
    using Events = baton::EventTypes<PaymentReceived
#ifdef NO_REDUCE
                                     ,
                                     Refunded
#endif
                                     >;
#endif
#ifndef NO_NAME
    static constexpr std::string_view name = "balance";
#endif
#ifndef NO_VERSION
    static constexpr int version = 1;
#endif

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows)
#ifndef NOT_CONST
        const
#endif
    {
        rows.at(payment.account).total += 1;
    }
#ifdef EFFECTS_NOT_CONST
    void effects(const PaymentReceived& /*payment*/, const baton::Rows<Balance>& /*rows*/,
                 baton::Effects& /*out*/) {}
#endif
};

int main() {
    baton::Registry registry;
    registry.add<BalanceReducer>();
#ifdef GIVEN_ANOTHER
    static_cast<void>(baton::given<BalanceReducer>(Refunded{"alice"}));
#endif
}
