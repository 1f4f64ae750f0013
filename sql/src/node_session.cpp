#include "baton/sql/node_session.hpp"

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "credentials.hpp"

namespace baton::sql {
namespace {

std::string interval(std::chrono::milliseconds time) {
    return std::to_string(time.count()) + " ms";
}

std::string json_of(const std::vector<std::string>& texts) {
    std::string json = "[";
    for (const std::string& text : texts) json += (json.size() > 1 ? "," : "") + json_quoted(text);
    return json + "]";
}

std::string json_of(const std::vector<int>& numbers) {
    std::string json = "[";
    for (const int number : numbers) json += (json.size() > 1 ? "," : "") + std::to_string(number);
    return json + "]";
}

std::string json_of(const std::vector<CarriedHandler>& handlers) {
    std::string json = "[";
    for (const CarriedHandler& handler : handlers) {
        json += json.size() > 1 ? "," : "";
        json += R"({"name":)" + json_quoted(handler.name) + R"(,"version":)" +
                std::to_string(handler.version) + R"(,"build":)" + json_quoted(handler.build) +
                R"(,"events":)" + json_of(handler.events) + R"(,"accepts_from":)" +
                json_of(handler.accepts_from);
        if (!handler.view.empty()) {
            json += R"(,"view":)" + json_quoted(handler.view) + R"(,"columns":)" + handler.columns;
        }
        if (handler.from > 0) json += R"(,"from":)" + std::to_string(handler.from);
        json += handler.lane_by_key ? R"(,"lane":"key"})" : "}";
    }
    return json + "]";
}

std::optional<std::string> copy_of(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

// The first column.
std::vector<std::string> texts_of(const Result& rows) {
    std::vector<std::string> texts;
    for (const Row& row : rows) texts.emplace_back(row.text(0));
    return texts;
}

Completion completion_of(std::string_view outcome) {
    if (outcome == "done") return Completion::done;
    return outcome == "lost" ? Completion::lost : Completion::done_already;
}

}  // namespace

NodeSession::NodeSession(Connection& connection, const NodeOffer& offer) {
    constexpr Statement statement{
        "register_node",
        "select session, refused_code, refused_message from register_node("
        "environment => :environment, machine_id => :machine_id, proof => :proof,"
        " enrol_as => :enrol_as::bytea, name => :name, handlers => :handlers::jsonb,"
        " labels => :labels::text[], lease => :lease::interval)"};
    const MachineCredentials& member = offer.credentials;
    // Behind a pooler the next transaction may be in another session, which was asked nothing.
    const bool is_pooled = connection.is_pooled();
    Shown shown = is_pooled ? Shown{} : shown_on(connection, member);
    Transaction transaction(connection);
    if (is_pooled) shown = shown_in(transaction, member);
    const Result result = transaction.exec(statement, {{"environment", member.environment},
                                                       {"machine_id", member.machine_id},
                                                       {"proof", shown.proof},
                                                       {"enrol_as", shown.enrol_as},
                                                       {"name", offer.name},
                                                       {"handlers", json_of(offer.handlers)},
                                                       {"labels", text_array(offer.labels)},
                                                       {"lease", interval(offer.lease)}});
    const Row row = result.only();
    // A refusal too: it is written down there.
    transaction.commit();
    throw_refusal(row, 1, 2);
    session_ = row.text(0);
}

Heard NodeSession::heartbeat(Connection& connection) const {
    constexpr Statement statement{"heartbeat",
                                  "select h, false from heartbeat(:session) as h "
                                  "union all select '', true where is_unmaintained()"};
    Heard heard;
    for (const Row& row : connection.exec(statement, {{"session", session_}})) {
        if (row.boolean(1)) {
            heard.is_unmaintained = true;
        } else {
            heard.tokens.emplace_back(row.text(0));
        }
    }
    return heard;
}

std::string NodeSession::await_tasks(Connection& connection,
                                     const std::vector<std::string>& handlers) const {
    constexpr Statement statement{"await_tasks", "select await_tasks(:session, :handlers::text[])"};
    return std::string(
        connection.exec(statement, {{"session", session_}, {"handlers", text_array(handlers)}})
            .only()
            .text(0));
}

std::vector<ClaimedTask> NodeSession::claim(Transaction& transaction, std::string_view handler,
                                            int count) const {
    constexpr Statement statement{
        "claim",
        "select token, task, version, attempt, delivery, payload, body, content_type, tenant, meta,"
        " schema_version, in_set"
        " from claim(session => :session, handler => :handler, count => :count::integer)"};
    std::vector<ClaimedTask> tasks;
    const Result rows = transaction.exec(
        statement, {{"session", session_}, {"handler", handler}, {"count", count}});
    tasks.reserve(rows.size());
    for (const Row& row : rows) {
        tasks.push_back({.token = std::string(row.text(0)),
                         .id = row.integer(1),
                         .version = static_cast<int>(row.integer(2)),
                         .attempt = static_cast<int>(row.integer(3)),
                         .delivery = static_cast<int>(row.integer(4)),
                         .payload = std::string(row.text(5)),
                         .body = row.bytes(6),
                         .content_type = std::string(row.text(7)),
                         .tenant = copy_of(row.text_or_null(8)),
                         .meta = copy_of(row.text_or_null(9)),
                         .schema_version = static_cast<int>(row.integer(10)),
                         .in_set = row.boolean(11)});
    }
    return tasks;
}

std::vector<std::string> NodeSession::start_many(Transaction& transaction,
                                                 const std::vector<std::string>& tokens) const {
    constexpr Statement statement{"start_many", "select start_many(:session, :tokens::text[])"};
    return texts_of(
        transaction.exec(statement, {{"session", session_}, {"tokens", text_array(tokens)}}));
}

bool NodeSession::complete(Transaction& transaction, std::string_view token,
                           std::string_view result) const {
    // Handlers prepare statements in the same session.
    constexpr Statement statement{"baton_complete",
                                  "select complete(:session, :token, :result::jsonb)"};
    return transaction
        .exec(statement, {{"session", session_}, {"token", token}, {"result", result}})
        .only()
        .boolean(0);
}

std::vector<Completion> NodeSession::complete_many(Transaction& transaction,
                                                   const std::vector<std::string>& tokens,
                                                   const std::vector<std::string>& results) const {
    // As complete().
    constexpr Statement statement{
        "baton_complete_many",
        "select outcome from complete_many(:session, :tokens::text[], :results::jsonb[])"};
    std::vector<Completion> outcomes;
    outcomes.reserve(tokens.size());
    for (const Row& row : transaction.exec(statement, {{"session", session_},
                                                       {"tokens", text_array(tokens)},
                                                       {"results", text_array(results)}})) {
        outcomes.push_back(completion_of(row.text(0)));
    }
    return outcomes;
}

bool NodeSession::fail(Connection& connection, std::string_view token,
                       const TaskFailure& failure) const {
    constexpr Statement statement{
        "fail",
        "select fail(session => :session, token => :token, error => :error,"
        " retry_after => :retry_after::interval, dead => :dead::boolean)"};
    std::optional<std::string> pause;
    if (failure.retry_after) pause = interval(*failure.retry_after);
    return connection
               .exec(statement, {{"session", session_},
                                 {"token", token},
                                 {"error", storable_text(failure.error, 16'384)},
                                 {"retry_after", pause},
                                 {"dead", failure.is_final}})
               .only()
               .text(0) == "dead";
}

void NodeSession::release_many(Connection& connection,
                               const std::vector<std::string>& tokens) const {
    constexpr Statement statement{"release_many", "select release_many(:session, :tokens::text[])"};
    connection.exec(statement, {{"session", session_}, {"tokens", text_array(tokens)}});
}

bool NodeSession::snooze(Connection& connection, std::string_view token,
                         std::chrono::milliseconds pause) const {
    constexpr Statement statement{"snooze", "select snooze(:session, :token, :pause::interval)"};
    return connection
        .exec(statement, {{"session", session_}, {"token", token}, {"pause", interval(pause)}})
        .only()
        .boolean(0);
}

bool NodeSession::await_callback(Connection& connection, std::string_view token,
                                 std::string_view secret, std::chrono::milliseconds within) const {
    constexpr Statement statement{
        "await_callback",
        "select await_callback(:session, :token, sha256(convert_to(:secret, 'UTF8')), "
        ":within::interval)"};
    return connection
        .exec(statement, {{"session", session_},
                          {"token", token},
                          {"secret", secret},
                          {"within", interval(within)}})
        .only()
        .boolean(0);
}

void NodeSession::progress(Connection& connection, std::string_view token,
                           std::string_view json) const {
    constexpr Statement statement{"progress", "select progress(:session, :token, :json::jsonb)"};
    connection.exec(statement, {{"session", session_}, {"token", token}, {"json", json}});
}

void NodeSession::extend(Connection& connection, std::string_view token,
                         std::chrono::milliseconds time) const {
    constexpr Statement statement{"extend", "select extend(:session, :token, :time::interval)"};
    connection.exec(statement, {{"session", session_}, {"token", token}, {"time", interval(time)}});
}

std::vector<EndpointStanding> NodeSession::sync_endpoints(
    Connection& connection, const std::vector<EndpointStanding>& news) const {
    constexpr Statement statement{
        "sync_endpoints",
        "select handler, state, left_ms from sync_endpoints(:session, :news::jsonb)"};
    std::string json = "[";
    for (const EndpointStanding& each : news) {
        json.append(json.size() > 1 ? "," : "").append(R"({"handler":)");
        json.append(json_quoted(each.handler));
        if (!each.state.empty()) {
            json.append(R"(,"state":)").append(json_quoted(each.state));
            json.append(R"(,"left_ms":)").append(std::to_string(each.left.count()));
            json.append(R"(,"reason":)").append(json_quoted(storable_text(each.reason)));
        }
        json += "}";
    }
    std::vector<EndpointStanding> standings;
    for (const Row& row :
         connection.exec(statement, {{"session", session_}, {"news", json + "]"}})) {
        standings.push_back({.handler = std::string(row.text(0)),
                             .state = std::string(row.text(1)),
                             .left = std::chrono::milliseconds(row.integer(2))});
    }
    return standings;
}

std::int64_t NodeSession::deregister(Connection& connection) const {
    constexpr Statement statement{"deregister_node", "select deregister_node(:session)"};
    return connection.exec(statement, {{"session", session_}}).only().integer(0);
}

Maintained maintain(Connection& connection) {
    constexpr Statement statement{"maintain", "select is_behind from maintain()"};
    const Result passes = connection.exec(statement);
    if (passes.empty()) return Maintained::by_others;
    return passes.only().boolean(0) ? Maintained::is_behind : Maintained::done;
}

bool maintain_if_left(Connection& connection) {
    constexpr Statement statement{"is_unmaintained", "select is_unmaintained()"};
    return connection.exec(statement).only().boolean(0) &&
           maintain(connection) == Maintained::is_behind;
}

}  // namespace baton::sql
