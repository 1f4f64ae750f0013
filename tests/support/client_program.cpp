#include "support/client_program.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "support/child_process.hpp"
#include "support/cluster.hpp"

namespace baton::testing {
namespace {

// Of "pg_dump (PostgreSQL) 15.8 (Debian …)", 15.
int major_version_of(const std::string& program) {
    ChildProcess process({.arguments = {program, "--version"}});
    const auto status = process.wait(std::chrono::seconds(30));
    if (!status || status->code != 0) return 0;
    const std::string text = process.output();
    const auto number = text.find_first_of("0123456789");
    int major = 0;
    if (number != std::string::npos) {
        std::from_chars(text.data() + number, text.data() + text.size(), major);
    }
    return major;
}

}  // namespace

std::string client_program(const std::string& name) {
    const std::filesystem::path beside = Cluster::instance().server().bin_dir() / name;
    return std::filesystem::exists(beside) ? beside.string() : name;
}

bool has_pg_dump() {
    static const bool is_new_enough = [] {
        const int server =
            major_version_of((Cluster::instance().server().bin_dir() / "postgres").string());
        if (server == 0) throw std::runtime_error("postgres --version says nothing");
        return major_version_of(client_program("pg_dump")) >= server;
    }();
    return is_new_enough;
}

}  // namespace baton::testing
