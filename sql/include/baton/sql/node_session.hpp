// What a node says to the database: the functions of sql/functions/node/, typed. They may be called
// again with the same token: see docs/tasks.md.
//
// Threads: values only. A session may be shown on any connection, on several at once, too.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/machine_credentials.hpp"
#include "baton/sql/connection.hpp"
#include "baton/types/event.hpp"

namespace baton::sql {

/// A handler that a process carries.
struct CarriedHandler {
    std::string name;
    int version = 0;
    std::string build;                     ///< Says which code it is.
    std::vector<std::string> events = {};  ///< Whose events become tasks of it; their types.
    std::vector<int> accepts_from = {};    ///< The versions whose tasks it can do, too.
    /// The view of its task sets' rows, if it makes some, and the columns of that: JSON text, as
    /// register_node() takes it.
    std::string view = {};
    std::string columns = {};
    bool lane_by_key = false;  ///< The key of an event is the lane of its task.
    /// The first event that is to be a task, of types that the handler never named before; 0: the
    /// next one of the log.
    std::int64_t from = 0;
};

/// What a process says of itself as it registers.
struct NodeOffer {
    std::string name;  ///< For people to read.
    std::vector<CarriedHandler> handlers = {};
    std::vector<std::string> labels = {};  ///< What else it has.
    std::chrono::milliseconds lease{};     ///< How long it is believed without a sign of life.
    MachineCredentials credentials = {};
};

/// Whether anything is sent to an endpoint: see sync_endpoints().
struct EndpointStanding {
    std::string handler;
    std::string state = {};            ///< open, slowed, broken or disabled; "": only asked about.
    std::chrono::milliseconds left{};  ///< Until it is tried again.
    std::string reason = {};           ///< What it is told with.
};

/// A task as claim() gives it.
struct ClaimedTask {
    std::string token;
    std::int64_t id = 0;
    int version = 0;
    int attempt = 0;   ///< Which one this is, once the handler starts: from 1.
    int delivery = 0;  ///< Likewise.
    std::string payload;
    std::string body;          ///< Bytes, where it was made of some.
    std::string content_type;  ///< Of the body.
    std::optional<std::string> tenant;
    std::optional<std::string> meta;  ///< JSON text.
    int schema_version = 1;           ///< Which shape of the payload this is.
    bool in_set = false;              ///< It is a member of a task set.
};

/// Of which task set a task is a member.
struct SetMembership {
    std::int64_t set = 0;
    std::string key;
    std::string member;
    Position input_position{};  ///< The set reads the log up to there.
};

/// What a member of a task set made; each a JSON array as complete_member() takes it.
struct MemberResults {
    std::string rows = "[]";
    std::string events = "[]";
    std::string tasks = "[]";
};

/// A bookmark that a node asked for: follow().
struct HeldBookmark {
    std::string token;  ///< Empty: another node has it.
    Position position{};
    std::string held_by;  ///< That other node.
};

/// What is to be known of a bookmark that is asked for.
struct BookmarkOffer {
    std::string name;
    std::vector<std::string> types = {};  ///< Of the events that are wanted; none: all.
    std::int64_t from = 0;  ///< The first event, where it is made now; 0: the log's next one.
    std::chrono::milliseconds lag_longest{};  ///< Until it is cut; 0: as it is.
};

/// An event of the log, as a follower gets it.
struct FollowedEvent {
    Position position{};
    std::int64_t id = 0;
    std::string dispatched_at;
    std::string type;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::string payload;  ///< "{}" where there are bytes.
    std::string body;
    std::string content_type;
    std::optional<std::string> meta;  ///< JSON text.
    int schema_version = 1;
};

/// What one read of the log gave, of all that a node follows.
struct FollowedPage {
    Position after{};  ///< It begins behind that one,
    Position end{};    ///< and the log was looked at up to there: `after` where it ends.
    std::vector<FollowedEvent> events = {};
};

/// An event of the log, as a member of a task set reads it.
struct SetEvent {
    Position position{};
    std::string type;
    std::optional<std::string> key;
    std::string payload;  ///< "{}" where there are bytes.
    std::string body;
    std::string content_type;
    int schema_version = 1;
};

enum class Completion : std::uint8_t {
    done,
    done_already,  ///< By this same claim: a COMMIT in doubt was one.
    lost,          ///< The task is this claim's no more; undo what was done for it.
};

struct TaskFailure {
    std::string error;
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;  ///< Unset: see fail.sql.
    bool is_final = false;                                                ///< No more attempts.
};

/// Each call throws Error(node_ended) where the node has ended, machine_revoked where its machine
/// was revoked.
/// What a heartbeat was answered.
struct Heard {
    /// Whose tasks were cancelled while this node had them; each is told several times.
    std::vector<std::string> tokens;
    bool is_unmaintained = false;  ///< See is_unmaintained.sql.
};

class NodeSession {
public:
    /// Registers. Throws Error: build_mismatch, task_invalid, and where the machine may not take
    /// part what lead() throws; that it was refused is then recorded.
    NodeSession(Connection& connection, const NodeOffer& offer);

    /// Says that the node lives.
    Heard heartbeat(Connection& connection) const;
    /// Wakes this node where there are tasks of these handlers, in place of what it said before;
    /// see await_tasks.sql. Returns the channel to listen on.
    std::string await_tasks(Connection& connection, const std::vector<std::string>& handlers) const;
    [[nodiscard]] std::vector<ClaimedTask> claim(Transaction& transaction, std::string_view handler,
                                                 int count) const;
    /// The tokens whose tasks are not this node's any more.
    std::vector<std::string> start_many(Transaction& transaction,
                                        const std::vector<std::string>& tokens) const;
    /// False where this same claim has completed it before. Throws Error(claim_lost).
    bool complete(Transaction& transaction, std::string_view token, std::string_view result) const;
    /// Of which task set a task is a member; throws Error(claim_lost) where that waits for it no
    /// more, Error(task_invalid) where it is none.
    [[nodiscard]] SetMembership member_of(Transaction& transaction, std::string_view token) const;
    /// complete() for such a task. Throws Error, as complete_member.sql says: claim_lost,
    /// task_invalid, handler_unknown, event_invalid, event_too_large, event_type_unknown.
    bool complete_member(Transaction& transaction, std::string_view token, std::string_view result,
                         const MemberResults& made) const;
    /// The events after a position, up to the set's input position: `limit` of the log at most, of
    /// them those of these types (all, if none is named) and the last. Empty at the end.
    [[nodiscard]] std::vector<SetEvent> read_set_log(Transaction& transaction,
                                                     std::string_view token, Position after,
                                                     int limit,
                                                     const std::vector<std::string>& types) const;
    /// The rows of a view that the set keeps, each a JSON object. Throws Error(task_invalid).
    [[nodiscard]] std::vector<std::string> read_set_view(Transaction& transaction,
                                                         std::string_view token,
                                                         std::string_view view) const;
    /// For each token, in their order.
    std::vector<Completion> complete_many(Transaction& transaction,
                                          const std::vector<std::string>& tokens,
                                          const std::vector<std::string>& results) const;
    /// Whether the task is dead now; else it is tried again. Throws Error(claim_lost).
    bool fail(Connection& connection, std::string_view token, const TaskFailure& failure) const;
    void release_many(Connection& connection, const std::vector<std::string>& tokens) const;
    /// Puts the task off, as if it had never been given. False where it is this claim's no more.
    bool snooze(Connection& connection, std::string_view token,
                std::chrono::milliseconds pause) const;
    /// The task is with somebody who calls back with `secret` within this time. False where it is
    /// this claim's no more.
    bool await_callback(Connection& connection, std::string_view token, std::string_view secret,
                        std::chrono::milliseconds within) const;
    /// How far a task has come: JSON text. Throws Error: claim_lost, event_too_large.
    void progress(Connection& connection, std::string_view token, std::string_view json) const;
    /// The node may have the task for so long from now on. Throws Error(claim_lost).
    void extend(Connection& connection, std::string_view token,
                std::chrono::milliseconds time) const;
    /// Asks for a bookmark. Throws Error: bookmark_cut, bookmark_lost, task_invalid; see
    /// follow.sql.
    [[nodiscard]] HeldBookmark follow(Connection& connection, const BookmarkOffer& offer) const;
    /// Reads `limit` events of the log behind `after`, or behind its end as it is; of them those of
    /// `types`, all if none is named. Throws Error, as to the bookmarks of `tokens`: bookmark_cut,
    /// bookmark_lost.
    [[nodiscard]] FollowedPage read_follow(Connection& connection,
                                           const std::vector<std::string>& tokens,
                                           std::optional<Position> after,
                                           const std::vector<std::string>& types, int limit) const;
    /// Moves a bookmark. Throws Error: bookmark_lost, bookmark_cut; undo what was done then.
    void advance(Transaction& transaction, std::string_view token, Position from,
                 Position to) const;
    /// Wakes this node where the log has grown. Returns the channel to listen on.
    std::string await_events(Connection& connection) const;
    /// Tells what became of endpoints, and returns what the environment has of those.
    [[nodiscard]] std::vector<EndpointStanding> sync_endpoints(
        Connection& connection, const std::vector<EndpointStanding>& news) const;
    /// How many tasks went back.
    std::int64_t deregister(Connection& connection) const;

private:
    std::string session_;  // whoever has it is this node
};

/// What a call of maintain() came to: somebody else sees to it, or did just now; done; or done, and
/// there is more to do than one pass may.
enum class Maintained { by_others, done, is_behind };

/// What has to go on whoever is there; about once a second: maintain.sql.
Maintained maintain(Connection& connection);
/// The same in the place of nodes, where none did it for two seconds: is_unmaintained.sql. Returns
/// whether there is more to do than one pass may.
bool maintain_if_left(Connection& connection);

}  // namespace baton::sql
