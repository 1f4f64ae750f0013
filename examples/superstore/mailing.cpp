#include "mailing.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>

#include "baton/sql/failure.hpp"

namespace superstore {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

Mailing::Folder::Folder() {
    std::string name = fs::temp_directory_path() / "superstore_mailing.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), name);
    }
    path_ = name;
}

Mailing::Folder::~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

Mailing::Mailing(const std::function<bool()>& stop) {
    process_.emplace(std::vector<std::string>{"/usr/bin/python3", SUPERSTORE_FOLDER "/mailing.py",
                                              "0", folder_.path().string()});
    const auto is_over = [&] {
        process_->require_running();
        return stop() || fs::exists(folder_.path() / "port");
    };
    while (!baton::sql::pause_unless(std::chrono::milliseconds(5), is_over)) {
    }
    constexpr std::string_view usual_port = "8788";
    std::string file = text_of(SUPERSTORE_FOLDER "/demo.toml");
    file.replace(file.find(usual_port), usual_port.size(), text_of(folder_.path() / "port"));
    std::ofstream(environment_file()) << file;
}

std::string Mailing::environment_file() const { return folder_.path() / "demo.toml"; }

std::int64_t Mailing::mailed() const {
    const std::string mails = text_of(folder_.path() / "mails.csv");
    return std::count(mails.begin(), mails.end(), '\n');
}

bool Mailing::compare(baton::sql::Connection& connection, std::ostream& out) const {
    baton::sql::Transaction transaction(connection);
    const baton::sql::Result compared = transaction.exec(
        "with mail as ("
        " select fields[2] as order_id, sum(fields[4]::numeric) as amount"
        "   from string_to_table($1, E'\\n') as line, string_to_array(line, ',') as fields"
        "  where line <> '' group by 1),"
        " expected as (select order_id, amount from shop.shipment join shop.payment using "
        "(order_id))"
        " select count(*), count(*) filter (where expected is distinct from mail)"
        "   from expected full join mail on mail.order_id = expected.order_id",
        {text_of(folder_.path() / "mails.csv")});
    const std::int64_t differ = compared.only().integer(1);
    out << "mailed invoices: " << (differ == 0 ? compared.only().integer(0) : differ)
        << (differ == 0 ? " agree\n" : " differ\n");
    out.flush();
    return differ == 0;
}

}  // namespace superstore
