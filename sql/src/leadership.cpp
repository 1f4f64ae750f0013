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
        // A handler's name may hold anything.
        std::string row = "(\"";
        for (const char byte : one.name) {
            if (byte == '"' || byte == '\\') row += byte;
            row += byte;
        }
        rows.push_back(row + "\"," + std::to_string(one.version) + ")");
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

LeadAnswer lead(Connection& connection, const Candidate& candidate,
                std::optional<std::int64_t> promotion) {
    constexpr Statement statement{
        "take_lead",
        "select epoch, refused_code, refused_message, (lacking).name, (lacking).version"
        " from take_lead("
        "node => :node, reducers => :reducers::versioned[], view_sets => :view_sets::versioned[],"
        " lease => :lease::interval, environment => :environment, machine_id => :machine_id,"
        " proof => :proof, enrol_as => :enrol_as::bytea, promotion => :promotion::bigint)"};
    const MachineCredentials& member = candidate.credentials;
    const Shown shown = shown_on(connection, member);
    Transaction transaction(connection);
    const Result result =
        transaction.exec(statement, {{"node", candidate.node},
                                     {"reducers", versioned_array(candidate.reducers)},
                                     {"view_sets", versioned_array(candidate.view_sets)},
                                     {"lease", interval(candidate.lease)},
                                     {"environment", member.environment},
                                     {"machine_id", member.machine_id},
                                     {"proof", shown.proof},
                                     {"enrol_as", shown.enrol_as},
                                     {"promotion", promotion}});
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
    constexpr Statement statement{"fence", "select fence(:epoch::bigint, :lease::interval)"};
    transaction.exec(statement, {{"epoch", epoch}, {"lease", interval(lease)}});
}

void note_trouble(Connection& connection, Epoch epoch, const std::optional<std::string>& trouble,
                  std::optional<Epoch> about) noexcept {
    constexpr Statement statement{"note_trouble",
                                  "select note_trouble(:epoch::bigint, :trouble, :about::bigint)"};
    try {
        std::optional<std::string> text;
        if (trouble) text = storable_text(*trouble);
        connection.exec(statement, {{"epoch", epoch}, {"trouble", text}, {"about", about}});
    } catch (const std::exception& error) {
        log().debug("trouble not noted: {}", error.what());
    }
}

void resign(Connection& connection, Epoch epoch) noexcept {
    constexpr Statement statement{"resign", "select resign(:epoch::bigint)"};
    try {
        connection.exec(statement, {{"epoch", epoch}});
    } catch (const std::exception& error) {
        log().debug("could not resign: {}", error.what());
    }
}

void record_batch(Transaction& transaction, Epoch epoch, const BatchRange& range,
                  std::chrono::microseconds worked) {
    constexpr Statement statement{
        "record_batch",
        "select record_batch(epoch => :epoch::bigint, first_position => :first_position::bigint,"
        " count => :count::integer, window_number => :window_number::bigint,"
        " after_id => :after_id::bigint, last_id => :last_id::bigint,"
        " started_at => clock_timestamp() - :worked::interval)"};
    constexpr Statement of_new_window{
        "record_first_batch",
        "select record_batch(epoch => :epoch::bigint, first_position => :first_position::bigint,"
        " count => :count::integer, window_number => :window_number::bigint,"
        " after_id => :after_id::bigint, last_id => :last_id::bigint,"
        " started_at => clock_timestamp() - :worked::interval, id_value => :id_value::bigint,"
        " xid => :xid::xid8, seen => :seen::pg_snapshot, id_ceiling => :id_ceiling::bigint,"
        " stragglers => :stragglers::xid8[])"};
    const std::string work_time = std::to_string(worked.count()) + " us";
    const Window& window = range.window;
    std::vector<Argument> arguments{{"epoch", epoch},
                                    {"first_position", range.first_position},
                                    {"count", range.count},
                                    {"window_number", window.number},
                                    {"after_id", range.after_id},
                                    {"last_id", range.last_id},
                                    {"worked", work_time}};
    if (range.opens_window) {
        arguments.insert(arguments.end(), {{"id_value", window.id_value},
                                           {"xid", window.xid},
                                           {"seen", window.seen},
                                           {"id_ceiling", window.id_ceiling},
                                           {"stragglers", window.stragglers}});
    }
    transaction.exec(range.opens_window ? of_new_window : statement, arguments);
}

LeaderOnRecord read_leader(Connection& connection) {
    const Result rows = connection.exec(
        "select epoch, node, (select string_agg(n.text, ', ' order by n.text collate \"C\")"
        " from unnest(reducers) as r, format('%s@%s', r.name, r.version) as n (text))"
        " from leader where only_row");
    const Row row = rows.only();
    return {Epoch{row.integer(0)}, std::string(row.text(1)), std::string(row.text(2))};
}

}  // namespace baton::sql
