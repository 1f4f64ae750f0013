#include "baton/sql/leadership.hpp"

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/sha256.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/proof.hpp"
#include "credentials.hpp"

namespace baton::sql {
namespace {

std::optional<std::string> interval(std::optional<std::chrono::milliseconds> time) {
    if (!time) return std::nullopt;
    return std::to_string(time->count()) + " ms";
}

Shown answer_to(std::string_view challenge, const MachineCredentials& member) {
    Shown shown;
    shown.proof = proof_of(member.token, challenge, member.environment, member.machine_id);
    if (member.may_enrol) shown.enrol_as = "\\x" + sha256_of(member.token);
    return shown;
}

}  // namespace

std::string to_text(const Versioned& named) {
    return named.name + "@" + std::to_string(named.version);
}

std::string versioned_array(const std::vector<Versioned>& named) {
    std::vector<std::string> rows;
    for (const Versioned& one : named) {
        rows.push_back("(" + one.name + "," + std::to_string(one.version) + ")");
    }
    return text_array(rows);
}

Shown shown_on(Connection& connection, const MachineCredentials& credentials) {
    if (credentials.token.empty()) return {};
    if (connection.challenge().empty()) {
        connection.remember_challenge(
            std::string(connection.exec("select challenge()").only().text(0)));
    }
    return answer_to(connection.challenge(), credentials);
}

Shown shown_in(Transaction& transaction, const MachineCredentials& credentials) {
    if (credentials.token.empty()) return {};
    const Result asked = transaction.exec("select challenge()");
    return answer_to(asked.only().text(0), credentials);
}

void throw_refusal(const Row& row, int code, int message) {
    const auto sqlstate = row.text_or_null(code);
    if (!sqlstate) return;
    throw SqlError(code_of_sqlstate(*sqlstate, ErrorCode::statement_failed),
                   std::string(row.text(message)), std::string(*sqlstate));
}

void prepare_leadership(Connection& connection) {
    connection.prepare(
        "take_lead",
        "select epoch, refused_code, refused_message, (lacking).name, (lacking).version"
        " from take_lead("
        "node => $1, reducers => $2::versioned[], view_sets => $3::versioned[],"
        " lease => $4::interval, environment => $5, machine_id => $6, proof => $7,"
        " enrol_as => $8::bytea, promotion => $9::bigint)");
    connection.prepare("fence", "select fence($1::bigint, $2::interval)");
    connection.prepare("note_trouble", "select note_trouble($1::bigint, $2, $3::bigint)");
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

LeadAnswer lead(Connection& connection, const Candidate& candidate,
                std::optional<std::int64_t> promotion) {
    const MachineCredentials& member = candidate.credentials;
    const Shown shown = shown_on(connection, member);
    Transaction transaction(connection);
    const Result result = transaction.exec_prepared(
        "take_lead",
        {candidate.node, versioned_array(candidate.reducers), versioned_array(candidate.view_sets),
         interval(candidate.lease), member.environment, member.machine_id, shown.proof,
         shown.enrol_as, promotion});
    const Row row = result.only();
    // A refusal too: it is written down there.
    transaction.commit();
    throw_refusal(row, 1, 2);
    LeadAnswer answer;
    if (const auto epoch = row.integer_or_null(0)) answer.epoch = Epoch{*epoch};
    if (const auto lacking = row.text_or_null(3)) {
        answer.lacking = Versioned{std::string(*lacking), static_cast<int>(row.integer(4))};
    }
    return answer;
}

void fence(Transaction& transaction, Epoch epoch, std::optional<std::chrono::milliseconds> lease) {
    transaction.exec_prepared("fence", {static_cast<std::int64_t>(epoch), interval(lease)});
}

void note_trouble(Connection& connection, Epoch epoch, const std::optional<std::string>& trouble,
                  std::optional<Epoch> about) noexcept {
    try {
        std::optional<std::string> text;
        if (trouble) text = storable_text(*trouble);
        std::optional<std::int64_t> former;
        if (about) former = static_cast<std::int64_t>(*about);
        connection.exec_prepared("note_trouble", {static_cast<std::int64_t>(epoch), text, former});
    } catch (const std::exception& error) {
        log().debug("trouble not noted: {}", error.what());
    }
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
