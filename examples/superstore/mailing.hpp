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

/// It ends with the object, and what it wrote is removed.
class Mailing {
public:
    /// Returns once it takes requests, or `stop` says so. Throws std::runtime_error when it cannot
    /// be started.
    explicit Mailing(const std::function<bool()>& stop);

    /// demo.toml, with the port that it has.
    [[nodiscard]] std::string environment_file() const;
    /// How many invoices it mailed.
    [[nodiscard]] std::int64_t mailed() const;
    /// Whether it mailed one invoice of each order that was shipped, over what was paid for it.
    bool compare(baton::sql::Connection& connection, std::ostream& out) const;

private:
    // Removed with the object, whatever becomes of the process.
    class Folder {
    public:
        Folder();
        ~Folder();
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    private:
        std::filesystem::path path_;
    };

    const Folder folder_;
    std::optional<ServiceProcess> process_;
};

}  // namespace superstore
