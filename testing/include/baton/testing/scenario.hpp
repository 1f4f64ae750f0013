// given(events).when(event).then(rows): a reducer under test, told as a story.
//
//   baton::testing::given<BalanceReducer>(PaymentReceived{"alice", eur("12.50")})
//       .when(PaymentReceived{"alice", eur("7.50")})
//       .then(Balance{"alice", 2, eur("20")});
//
//   baton::testing::given_sql(connection, "payments_by_day.sql", PaymentReceived{…})
//       .then(PaymentsOfDay{…});
//
// then() folds all of it twice, and fails where that gives other rows the second time: a reducer is
// pure. Events of a former struct are brought up, as old events of the log are. What baton::given()
// (baton/reducers/given.hpp) and baton::sql::GivenSql do, this does.
//
// Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baton/reducers/given.hpp"
#include "baton/sql/given_sql.hpp"
#include "baton/testing/expectation.hpp"

namespace baton::testing {

/// Throws ExpectationFailed unless the same rows are there, with what is missing and what is too
/// much. Rows are JSON texts, in the order of the view.
void require_rows(const std::vector<std::string>& expected, const std::vector<std::string>& rows);
/// Throws ExpectationFailed unless both times gave the same.
void require_pure(std::string_view reducer, const std::vector<std::string>& first,
                  const std::vector<std::string>& second);

/// Of a C++ reducer.
template <class R>
class Scenario {
public:
    using Row = typename R::Row;

    explicit Scenario(R reducer = {}) : reducer_(std::move(reducer)) {}

    /// One more event, with what the reducer looks at of its envelope.
    template <class E>
    Scenario& when(const E& content, const Event& envelope = {}) {
        events_.push_back(
            [content, envelope](Given<R>& given) { given.and_then(content, envelope); });
        return *this;
    }
    /// The view has these rows and no others. Throws ExpectationFailed; and what the reducer
    /// throws.
    template <class... Rows>
    void then(const Rows&... rows) const {
        const Given<R> view = folded();
        std::vector<std::pair<Row, std::string>> expected;
        (expected.emplace_back(rows, encode_json(rows)), ...);
        using Key = reducers::KeyTypes<Row>;
        std::ranges::sort(expected, [](const auto& a, const auto& b) {
            return Key::view_of_row(a.first) < Key::view_of_row(b.first);
        });
        std::vector<std::string> texts;
        for (auto& row : expected) texts.push_back(std::move(row.second));
        require_rows(texts, texts_of(view));
    }
    /// reduce() throws, and what() has this text. Throws ExpectationFailed where it does not.
    void then_throws(std::string_view text) const {
        try {
            static_cast<void>(folded());
        } catch (const std::exception& error) {
            if (std::string_view(error.what()).find(text) != std::string_view::npos) return;
            throw ExpectationFailed("the reducer threw \"" + std::string(error.what()) +
                                    "\", and not \"" + std::string(text) + "\"");
        }
        throw ExpectationFailed("the reducer took every event, and did not throw \"" +
                                std::string(text) + "\"");
    }
    /// The view itself, folded twice: for what then() does not say.
    [[nodiscard]] Given<R> folded() const {
        Given<R> first = once();
        const Given<R> second = once();
        require_pure(R::name, texts_of(first), texts_of(second));
        require_pure(R::name, effects_of(first), effects_of(second));
        return first;
    }

private:
    [[nodiscard]] Given<R> once() const {
        Given<R> given(reducer_);
        for (const auto& event : events_) event(given);
        return given;
    }
    static std::vector<std::string> texts_of(const Given<R>& given) {
        std::vector<std::string> texts;
        for (const Row& row : given.rows()) texts.push_back(encode_json(row));
        return texts;
    }
    static std::vector<std::string> effects_of(const Given<R>& given) {
        std::vector<std::string> texts;
        for (const Json& effect : given.effects()) texts.push_back(effect.text());
        return texts;
    }

    R reducer_;
    std::vector<std::function<void(Given<R>&)>> events_;
};

template <class R, class... E>
[[nodiscard]] Scenario<R> given(const E&... events) {
    Scenario<R> scenario;
    (scenario.when(events), ...);
    return scenario;
}

/// Of a SQL reducer. The connection is used for nothing else meanwhile.
class SqlScenario {
public:
    SqlScenario(sql::Connection& connection, std::string file)
        : connection_(connection), file_(std::move(file)) {}

    SqlScenario& when(NewEvent event, Timestamp dispatched_at = {}) {
        events_.emplace_back(std::move(event), dispatched_at);
        return *this;
    }
    template <class E>
    requires requires { E::event_type; }
    SqlScenario& when(const E& content, Timestamp dispatched_at = {}, EventOptions options = {}) {
        return when(make_event(content, std::move(options)), dispatched_at);
    }
    /// The view has these rows and no others, in this order (of the view's columns), as far as
    /// `Row` has its columns. Throws ExpectationFailed; and as GivenSql.
    template <class Row, class... Rows>
    void then(const Row& row, const Rows&... rows) const {
        std::vector<std::string> texts;
        for (const Row& found : decode_json<std::vector<Row>>(folded())) {
            texts.push_back(encode_json(found));
        }
        require_rows({encode_json(row), encode_json(rows)...}, texts);
    }
    void then_no_rows() const {
        require_rows({}, folded() == "[]" ? std::vector<std::string>{} : std::vector{folded()});
    }
    /// The rows as a JSON array, folded twice.
    [[nodiscard]] std::string folded() const;

private:
    [[nodiscard]] std::string once() const;

    sql::Connection& connection_;
    std::string file_;
    std::vector<std::pair<NewEvent, Timestamp>> events_;
};

template <class... E>
[[nodiscard]] SqlScenario given_sql(sql::Connection& connection, std::string file,
                                    const E&... events) {
    SqlScenario scenario(connection, std::move(file));
    (scenario.when(events), ...);
    return scenario;
}

}  // namespace baton::testing
