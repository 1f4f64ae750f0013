// A reducer with effects, for the test program and what its tests compare.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "orchestrator/program/reducers.hpp"

namespace baton::testing {

/// What the reducer lets follow from each fifth movement of an account, and from itself where the
/// sequence is negative: without end.
struct AlertRaised {
    static constexpr std::string_view event_type = "alert/raised";
    std::string account;
    std::int64_t sequence{};
    BATON_FIELDS(account, sequence)
};

struct Notice {
    std::string account;
    std::int64_t sequence{}, moves{};
    std::int64_t version{};  ///< Of the reducer that says it.
    BATON_FIELDS(account, sequence, moves, version)
};

struct AccountAlerts {
    std::string account;
    std::int64_t moves{}, alerts{};
    BATON_FIELDS(account, moves, alerts)
    BATON_KEY(account)
};

/// What the amount of a movement lets go wrong in effects().
inline constexpr std::int64_t amount_thrown = -666;
inline constexpr std::int64_t amount_unknown_handler = -667;
inline constexpr std::int64_t amount_cycle = -668;

template <int number>
struct AccountAlertsReducer {
    using Row = AccountAlerts;
    static constexpr std::string_view name = "account_alerts";
    static constexpr std::string_view build = "one";
    static constexpr int version = number;
    using Events = EventTypes<AccountMoved, AlertRaised>;

    void reduce(const AccountMoved& moved, Rows<Row>& rows) const {
        rows.at({moved.account}).moves += 1;
    }
    void reduce(const AlertRaised& alert, Rows<Row>& rows) const {
        rows.at({alert.account}).alerts += 1;
    }

    void effects(const AccountMoved& moved, const Rows<Row>& rows, Effects& out) const {
        // Before what goes wrong: nothing of it may be left.
        out.enqueue("notify", Notice{moved.account, moved.sequence,
                                     rows.find({moved.account})->moves, number});
        if (moved.sequence % 5 == 0) {
            out.dispatch(AlertRaised{moved.account, moved.sequence}, moved.account);
        }
        if (moved.amount == amount_thrown) throw std::runtime_error("this effect was made to fail");
        if (moved.amount == amount_unknown_handler) out.enqueue("notifi", "{}");
        if (moved.amount == amount_cycle) out.dispatch(AlertRaised{moved.account, -1});
    }
    void effects(const AlertRaised& alert, const Rows<Row>& /*rows*/, Effects& out) const {
        if (alert.sequence < 0) out.dispatch(AlertRaised{alert.account, alert.sequence - 1});
    }
};

/// The same version with other code behind it.
struct OtherAccountAlertsReducer : AccountAlertsReducer<1> {
    static constexpr std::string_view build = "two";
};

}  // namespace baton::testing
