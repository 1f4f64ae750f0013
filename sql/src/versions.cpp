#include "baton/sql/versions.hpp"

#include "baton/base/error.hpp"
#include "credentials.hpp"

namespace baton::sql {
namespace {

SetState set_state_of(std::string_view name) {
    if (name == "new") return SetState::unregistered;
    if (name == "older") return SetState::older;
    if (name == "building") return SetState::building;
    if (name == "live") return SetState::live;
    if (name == "warm") return SetState::warm;
    return SetState::retired;
}

ViewState build_state_of(std::string_view name) {
    if (name == "ready") return ViewState::following;
    if (name == "halted") return ViewState::halted;
    return ViewState::behind;
}

std::string_view build_state_name(ViewState state) {
    switch (state) {
        case ViewState::following:
            return "ready";
        case ViewState::halted:
            return "halted";
        case ViewState::behind:
            break;
    }
    return "building";
}

std::string integer_array(const std::vector<int>& numbers) {
    std::string literal = "{";
    for (const int number : numbers) {
        if (literal.size() > 1) literal += ',';
        literal += std::to_string(number);
    }
    return literal + "}";
}

// One statement, in a transaction of its own.
Result ask(Connection& connection, const Statement& statement,
           std::initializer_list<Argument> arguments = {}) {
    Transaction transaction(connection);
    Result result = transaction.exec(statement, arguments);
    transaction.commit();
    return result;
}

constexpr auto known_versions =
    "select name, version, language = 'sql', build, columns from reducer_version";

KnownVersion known_version_of(const Row& row) {
    return {std::string(row.text(0)), static_cast<int>(row.integer(1)), row.boolean(2),
            std::string(row.text(3)), std::string(row.text(4))};
}

constexpr Statement register_set_statement{
    "register_set",
    "select register_set(:view_set, :version::integer, :members::versioned[], :leads::boolean,"
    " :environment, :machine_id, :proof, :enrol_as::bytea, :handlers::versioned[])"};

}  // namespace

SetState register_set(Transaction& transaction, const SetVersion& set) {
    const Result result =
        transaction.exec(register_set_statement, {{"view_set", set.name},
                                                  {"version", set.version},
                                                  {"members", versioned_array(set.members)},
                                                  {"leads", true},
                                                  {"environment", std::nullopt},
                                                  {"machine_id", std::nullopt},
                                                  {"proof", std::nullopt},
                                                  {"enrol_as", std::nullopt},
                                                  {"handlers", versioned_array(set.handlers)}});
    return set_state_of(result.only().text(0));
}

SetState register_set(Transaction& transaction, const SetVersion& set,
                      const MachineCredentials& member) {
    const Shown shown = shown_in(transaction, member);
    const Result result =
        transaction.exec(register_set_statement, {{"view_set", set.name},
                                                  {"version", set.version},
                                                  {"members", versioned_array(set.members)},
                                                  {"leads", false},
                                                  {"environment", member.environment},
                                                  {"machine_id", member.machine_id},
                                                  {"proof", shown.proof},
                                                  {"enrol_as", shown.enrol_as},
                                                  {"handlers", versioned_array(set.handlers)}});
    return set_state_of(result.only().text(0));
}

void withdraw_version(Transaction& transaction, const SetVersion& set) {
    constexpr Statement statement{"withdraw_version",
                                  "select withdraw_version(:view_set, :version::integer)"};
    transaction.exec(statement, {{"view_set", set.name}, {"version", set.version}});
}

void show_view(Connection& connection, const std::string& view, int version) {
    constexpr Statement statement{
        "show_view",
        "select show_view(:view, :version::integer) where not is_shown(:view, :version::integer)"};
    ask(connection, statement, {{"view", view}, {"version", version}});
}

std::vector<BuildClaim> claim_builds(Connection& connection, const Candidate& candidate) {
    constexpr Statement statement{
        "claim_builds",
        "select refused_code, refused_message, view, version, claim, position, state"
        " from claim_builds(node => :node, reducers => :reducers::versioned[],"
        " view_sets => :view_sets::versioned[], environment => :environment,"
        " machine_id => :machine_id, proof => :proof, enrol_as => :enrol_as::bytea)"};
    const MachineCredentials& member = candidate.credentials;
    const Shown shown = shown_on(connection, member);
    const Result result = ask(connection, statement,
                              {{"node", candidate.node},
                               {"reducers", versioned_array(candidate.reducers)},
                               {"view_sets", versioned_array(candidate.view_sets)},
                               {"environment", member.environment},
                               {"machine_id", member.machine_id},
                               {"proof", shown.proof},
                               {"enrol_as", shown.enrol_as}});
    std::vector<BuildClaim> claims;
    for (const Row row : result) {
        throw_refusal(row, 0, 1);
        BuildClaim& claim = claims.emplace_back();
        claim.view = row.text(2);
        claim.version = static_cast<int>(row.integer(3));
        claim.claim = row.integer(4);
        claim.standing = {build_state_of(row.text(6)), Position{row.integer(5)}};
    }
    return claims;
}

void note_build(Transaction& transaction, const BuildClaim& build, const ViewStanding& standing,
                const std::optional<std::string>& reason) {
    constexpr Statement statement{"note_build",
                                  "select note_build(:view, :version::integer, :claim::bigint,"
                                  " :position::bigint, :state, :reason)"};
    transaction.exec(statement, {{"view", build.view},
                                 {"version", build.version},
                                 {"claim", build.claim},
                                 {"position", standing.position},
                                 {"state", build_state_name(standing.state)},
                                 {"reason", reason}});
}

ViewStanding read_build_standing(Transaction& transaction, const std::string& view, int version) {
    constexpr Statement statement{"read_build_standing",
                                  "select state, position from view_build where view = :view"
                                  " and version = :version::integer"};
    const Result result = transaction.exec(statement, {{"view", view}, {"version", version}});
    if (result.empty()) {
        throw Error(ErrorCode::deposed, "the build of " + view + "@" + std::to_string(version) +
                                            " was promoted or retired");
    }
    return {build_state_of(result[0].text(0)), Position{result[0].integer(1)}};
}

std::int64_t promote(Connection& connection, const std::vector<std::string>& sets,
                     const std::vector<int>& versions, bool when_ready) {
    constexpr Statement statement{
        "promote",
        "select promote(:view_sets::text[], :versions::integer[], :when_ready::boolean)"};
    return ask(connection, statement,
               {{"view_sets", text_array(sets)},
                {"versions", integer_array(versions)},
                {"when_ready", when_ready}})
        .only()
        .integer(0);
}

std::optional<OpenPromotion> open_promotion(Connection& connection, const Candidate& candidate) {
    constexpr Statement opened{"open_promotion", "select open_promotion(:carried::versioned[])"};
    constexpr Statement promoted_sets{"promoted_sets",
                                      "select unnest(view_sets) from promotion_state(:id)"};
    Transaction transaction(connection);
    const std::optional<std::int64_t> id =
        transaction.exec(opened, {{"carried", versioned_array(candidate.view_sets)}})
            .only()
            .integer_or_null(0);
    if (!id) {
        transaction.commit();
        return std::nullopt;
    }
    // A statement of its own: the snapshot of the first may be from before the promotion was asked
    // for, although the function, which takes newer ones, has found it.
    const Result sets = transaction.exec(promoted_sets, {{"id", *id}});
    transaction.commit();
    OpenPromotion promotion{*id, {}};
    for (const Row row : sets) promotion.view_sets.emplace_back(row.text(0));
    return promotion;
}

void refuse_promotion(Connection& connection, std::int64_t promotion, std::string_view reason) {
    constexpr Statement statement{"refuse_promotion",
                                  "select end_promotion(:id::bigint, 'refused', :reason)"};
    ask(connection, statement, {{"id", promotion}, {"reason", reason}});
}

Position switch_versions(Connection& connection, std::int64_t promotion, Epoch epoch) {
    constexpr Statement statement{"switch_versions",
                                  "select switch_versions(:promotion::bigint, :epoch::bigint)"};
    const Result position =
        ask(connection, statement, {{"promotion", promotion}, {"epoch", epoch}});
    return Position{position.only().integer(0)};
}

std::string retire_old_versions(Connection& connection, std::chrono::milliseconds rollback_window) {
    constexpr Statement statement{"retire_old_versions",
                                  "select retire_old_versions(:rollback_window::interval)"};
    const std::string window = std::to_string(rollback_window.count()) + " ms";
    return std::string(ask(connection, statement, {{"rollback_window", window}}).only().text(0));
}

std::string drop_retired_version(Connection& connection) {
    constexpr Statement statement{"drop_retired_version", "select drop_retired_version()"};
    return std::string(ask(connection, statement).only().text(0));
}

std::vector<KnownVersion> read_known_versions(Connection& connection) {
    std::vector<KnownVersion> known;
    for (const Row row : connection.exec(known_versions)) known.push_back(known_version_of(row));
    return known;
}

std::optional<KnownVersion> read_known_version(Transaction& transaction, const std::string& view,
                                               int version) {
    const Result rows =
        transaction.exec(std::string(known_versions) + " where name = $1 and version = $2::integer",
                         {view, version});
    if (rows.empty()) return std::nullopt;
    return known_version_of(rows[0]);
}

std::optional<int> read_live_version(Transaction& transaction, const std::string& view) {
    const Result live = transaction.exec("select version from view_state where view = $1", {view});
    if (live.empty()) return std::nullopt;
    return static_cast<int>(live[0].integer(0));
}

}  // namespace baton::sql
