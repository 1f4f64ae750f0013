// What entitles a builder to write its builds: a claim on each, which lasts as long as the session.
//
// Threads: the builder's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/versions.hpp"
#include "lease.hpp"

namespace baton::orchestrator {

class BuildLeases final : public Lease {
public:
    explicit BuildLeases(std::chrono::milliseconds length) : length_(length) {}

    void add(sql::BuildClaim claim);

    [[nodiscard]] std::chrono::milliseconds length() const override { return length_; }
    void keep() override {}
    void note(sql::Transaction& transaction, const View& view, const sql::ViewStanding& standing,
              const std::optional<std::string>& reason) override;
    // note() is one.
    void fence(sql::Transaction& /*transaction*/) override {}

private:
    const std::chrono::milliseconds length_;
    std::vector<sql::BuildClaim> claims_;
};

}  // namespace baton::orchestrator
