// The endpoint that mails invoices (mailing.py), as a process of its own, and what it mailed.
//
// Threads: calls must not overlap. The thread that makes it must live longer than it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "baton/sql/connection.hpp"
#include "service_process.hpp"

namespace superstore {

class Mailing {
public:
    /// Returns once it takes requests, or `stop` says so. Throws std::runtime_error when it cannot
    /// be started.
    explicit Mailing(const std::function<bool()>& stop);
    /// Ends it, and removes what it wrote.
    ~Mailing();
    Mailing(const Mailing&) = delete;
    Mailing& operator=(const Mailing&) = delete;

    /// demo.toml, with the port that it has.
    [[nodiscard]] std::string environment_file() const;
    /// How many invoices it mailed.
    [[nodiscard]] std::int64_t mailed() const;
    /// Whether it mailed one invoice of each order that was shipped, over what was paid for it.
    bool compare(baton::sql::Connection& connection, std::ostream& out) const;

private:
    const std::filesystem::path folder_;
    std::optional<ServiceProcess> process_;
};

}  // namespace superstore
