// GivenSql: a SQL reducer under test, as given() is for one in C++.
//
//   baton::sql::Connection connection("postgresql:///test");
//   baton::sql::GivenSql given(connection, "payments_by_day.sql");
//   given.and_then(PaymentReceived{"alice", baton::Decimal::parse("12.50")}, noon);
//   EXPECT_EQ(given.rows<PaymentsOfDay>().front().payments, 1);
//
// It needs some database of Postgres, and no environment in it: everything is made in one
// transaction, in a schema of its own, and gone with the object. Each event is a batch.
//
// Threads: as the connection, which must outlive it and be used for nothing else meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/sql/view_store.hpp"
#include "baton/types/event.hpp"

namespace baton::sql {

class GivenSql {
public:
    /// Throws Error: reducer_invalid for what is wrong with the file, and SqlError for what
    /// Postgres says of its statements.
    GivenSql(Connection& connection, const std::string& file);

    /// Folds one more event; its position is one above the last. Throws SqlError where the
    /// reducer fails; then this object can only be destroyed.
    GivenSql& and_then(const NewEvent& event, Timestamp dispatched_at = {});
    template <class E>
    requires requires { E::event_type; }
    GivenSql& and_then(const E& content, Timestamp dispatched_at = {}, EventOptions options = {}) {
        return and_then(make_event(content, std::move(options)), dispatched_at);
    }

    /// All rows of the view, in the order of their columns; `Row` has those that it names.
    template <class Row>
    [[nodiscard]] std::vector<Row> rows() {
        return decode_json<std::vector<Row>>(rows_json());
    }
    /// The same, as a JSON array.
    [[nodiscard]] std::string rows_json();

private:
    SqlReducer reducer_;
    Transaction transaction_;
    std::int64_t position_ = 0;
};

}  // namespace baton::sql
