// Leadership as the database decides it: by an epoch that is checked in every transaction in which
// a leader writes, see take_lead.sql and fence.sql.
//
// Threads: no state but the connection's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "baton/base/machine_credentials.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::sql {

enum class Epoch : std::int64_t {};

/// What has a name and a version: a reducer, a view set.
struct Versioned {
    std::string name;
    int version = 0;

    friend bool operator==(const Versioned&, const Versioned&) = default;
};
/// "name@version", for people to read.
[[nodiscard]] std::string to_text(const Versioned& named);

struct Candidate {
    std::string node;                   ///< Who asks, for people to read.
    std::vector<Versioned> reducers;    ///< Those that it carries.
    std::vector<Versioned> view_sets;   ///< Those that it carries.
    std::chrono::milliseconds lease{};  ///< How long a silent leader is believed.
    MachineCredentials credentials = {};
};

/// What came of asking for the lead.
struct LeadAnswer {
    std::optional<Epoch> epoch;        ///< The new one; nothing if somebody else leads.
    std::optional<Versioned> lacking;  ///< A live set version that the candidate does not carry.
};

/// Makes the statements below known on a connection that is to lead.
void prepare_leadership(Connection& connection);

/// Asks for the lead; to carry out `promotion`, if one is given (sql/versions.hpp). Throws Error:
/// not_installed (see rebase_log.sql), and where the machine may not lead here
/// environment_mismatch, machine_not_enrolled, machine_elsewhere, token_refused, machine_revoked,
/// origin_refused; that it was refused is then recorded.
LeadAnswer lead(Connection& connection, const Candidate& candidate,
                std::optional<std::int64_t> promotion = std::nullopt);

/// Throws Error(deposed) unless `epoch` still leads; the transaction can then only end. Keeps
/// a takeover waiting until the transaction ends, so call it last.
void fence(Transaction& transaction, Epoch epoch,
           std::optional<std::chrono::milliseconds> lease = std::nullopt);

/// Notes for status() what holds the leadership up, or that nothing does any more; or what ended
/// the former one, `about`. Throws nothing: where that cannot be written, there is worse.
void note_trouble(Connection& connection, Epoch epoch, const std::optional<std::string>& trouble,
                  std::optional<Epoch> about = std::nullopt) noexcept;

/// Lets a standby take over at once. Throws nothing: a lost connection does the same.
void resign(Connection& connection, Epoch epoch) noexcept;

/// Records that a batch was reduced in this transaction, and fences it; see
/// record_batch.sql.
void record_batch(Transaction& transaction, Epoch epoch, const BatchRange& range,
                  std::chrono::microseconds worked);
inline void record_batch(Transaction& transaction, Epoch epoch, const LogPage& page,
                         std::chrono::microseconds worked) {
    record_batch(transaction, epoch, page.range(), worked);
}

}  // namespace baton::sql
