#include "baton/sql/leadership.hpp"

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::sql {
namespace {

std::string text_array(const std::vector<std::string>& names) {
    std::string literal = "{";
    for (const std::string& name : names) {
        if (literal.size() > 1) literal += ',';
        literal += '"' + name + '"';
    }
    return literal + "}";
}

std::optional<std::string> interval(std::optional<std::chrono::milliseconds> time) {
    if (!time) return std::nullopt;
    return std::to_string(time->count()) + " ms";
}

}  // namespace

void prepare_leadership(Connection& connection) {
    connection.prepare("take_lead",
                       "select epoch, refused_code, refused_message from take_lead(node => $1,"
                       " reducers => $2::text[], lease => $3::interval, environment => $4,"
                       " machine_id => $5, token => $6, may_enrol => $7::boolean)");
    connection.prepare("fence", "select fence($1::bigint, $2::interval)");
    connection.prepare("resign", "select resign($1::bigint)");
    connection.prepare("record_batch",
                       "select record_batch(epoch => $1::bigint, first_position => $2::bigint,"
                       " count => $3::integer, window_number => $4::bigint,"
                       " after_id => $5::bigint, last_id => $6::bigint,"
                       " started_at => clock_timestamp() - $7::interval)");
    connection.prepare("record_first_batch",
                       "select record_batch(epoch => $1::bigint, first_position => $2::bigint,"
                       " count => $3::integer, window_number => $4::bigint,"
                       " after_id => $5::bigint, last_id => $6::bigint,"
                       " started_at => clock_timestamp() - $7::interval,"
                       " id_value => $8::bigint, xid => $9::xid8, seen => $10::pg_snapshot,"
                       " id_ceiling => $11::bigint, stragglers => $12::xid8[])");
}

std::optional<Epoch> lead(Connection& connection, const Candidate& candidate) {
    const Membership& member = candidate.membership;
    const std::optional<std::string> token =
        member.token.empty() ? std::nullopt : std::optional(member.token);
    Transaction transaction(connection);
    const Result result = transaction.exec_prepared(
        "take_lead", {candidate.node, text_array(candidate.reducers), interval(candidate.lease),
                      member.environment, member.machine_id, token, member.may_enrol});
    const Row row = result.only();
    // A refusal too: it is written down there.
    transaction.commit();
    if (const auto code = row.text_or_null(1)) {
        throw SqlError(code_of_sqlstate(*code, ErrorCode::statement_failed),
                       std::string(row.text(2)), std::string(*code));
    }
    const std::optional<std::int64_t> epoch = row.integer_or_null(0);
    if (!epoch) return std::nullopt;
    return Epoch{*epoch};
}

void fence(Transaction& transaction, Epoch epoch, std::optional<std::chrono::milliseconds> lease) {
    transaction.exec_prepared("fence", {static_cast<std::int64_t>(epoch), interval(lease)});
}

void resign(Connection& connection, Epoch epoch) noexcept {
    try {
        connection.exec_prepared("resign", {static_cast<std::int64_t>(epoch)});
    } catch (const std::exception& error) {
        log().debug("could not resign: {}", error.what());
    }
}

void record_batch(Transaction& transaction, Epoch epoch, const BatchRange& range,
                  std::chrono::microseconds worked) {
    const std::string work_time = std::to_string(worked.count()) + " us";
    const auto epoch_number = static_cast<std::int64_t>(epoch);
    const auto first_position = static_cast<std::int64_t>(range.first_position);
    const Window& window = range.window;
    if (!range.opens_window) {
        transaction.exec_prepared("record_batch",
                                  {epoch_number, first_position, range.count, window.number,
                                   range.after_id, range.last_id, work_time});
        return;
    }
    transaction.exec_prepared("record_first_batch",
                              {epoch_number, first_position, range.count, window.number,
                               range.after_id, range.last_id, work_time, window.id_value,
                               window.xid, window.seen, window.id_ceiling, window.stragglers});
}

}  // namespace baton::sql
