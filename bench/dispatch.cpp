// How much slower a business transaction becomes by dispatching an event, or by making a task,
// compared with inserting a row into a table of one's own. pgbench drives both, because it costs
// the machine little.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "baton/base/error.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

constexpr auto business_statement =
    "insert into business_order (customer, amount) values (:customer, :amount);\n";
constexpr auto bare_statement =
    "insert into bare_event (type, payload) values ('payment/made', :payload);\n";
constexpr auto dispatch_statement = "select dispatch('payment/made', :payload);\n";
constexpr auto enqueue_statement = "select enqueue('send_invoice', :payload);\n";

struct Run {
    double per_second = 0;
    double cpu_microseconds = 0;  // of the server, for each transaction
};

class Pgbench {
public:
    Pgbench(Workbench& workbench, const Database& database, int connections)
        : workbench_(workbench), database_(database), connections_(connections) {}

    [[nodiscard]] Run run(const char* statement) const {
        const std::filesystem::path script = workbench_.server().directory() / "transaction.sql";
        std::ofstream(script) << "\\set customer random(1, 1000)\n\\set amount random(1, 9999)\n"
                              << "begin;\n"
                              << business_statement << statement << "commit;\n";
        const double cpu_before = workbench_.cpu_seconds();
        const std::string output = output_of(command(script));
        const double cpu = workbench_.cpu_seconds() - cpu_before;
        const double transactions = number_after(output, "actually processed: ");
        return {number_after(output, "\ntps = "), cpu / transactions * 1e6};
    }

private:
    [[nodiscard]] std::string command(const std::filesystem::path& script) const {
        std::ostringstream command;
        command << "'" << (workbench_.server().bin_dir() / "pgbench").string()
                << "' -n -M prepared -c " << connections_ << " -j " << (connections_ > 1 ? 2 : 1)
                << " -T " << (workbench_.effort().quick ? 1 : 4) << " -D payload='"
                << payment_json(4711) << "' -f '" << script.string() << "' '" << database_.url()
                << "' 2>&1";
        return command.str();
    }

    static std::string output_of(const std::string& command) {
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
        std::string output;
        std::array<char, 4096> part{};
        while (pipe && std::fgets(part.data(), part.size(), pipe.get())) output += part.data();
        return output;
    }

    static double number_after(const std::string& output, const std::string& label) {
        const std::size_t place = output.find(label);
        if (place == std::string::npos) {
            throw Error(ErrorCode::statement_failed, "pgbench failed: " + output);
        }
        return std::stod(output.substr(place + label.size()));
    }

    Workbench& workbench_;
    const Database& database_;
    int connections_;
};

// The transaction with `statement` against the one with the bare statement.
void compare(Workbench& workbench, const Database& database, const char* statement,
             const std::string& name, int connections, double goal) {
    const Pgbench pgbench(workbench, database, connections);
    static_cast<void>(pgbench.run(bare_statement));
    static_cast<void>(pgbench.run(statement));

    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    // Short rounds and more of them: what disturbs the machine then hits both sides.
    for (int round = 0; round < workbench.effort().rounds * 3; ++round) {
        const Run without = pgbench.run(bare_statement);
        const Run with = pgbench.run(statement);
        bare.push_back(without.per_second);
        baton.push_back(with.per_second);
        bare_cpu.push_back(without.cpu_microseconds);
        baton_cpu.push_back(with.cpu_microseconds);
    }
    const std::string config =
        std::to_string(connections) + (connections == 1 ? " connection" : " connections");
    workbench.report(
        {name, config, "tx/s", median(baton), median(bare), Goal{Goal::Of::ratio, true, goal}});
    workbench.report(
        {name + "_cpu", config + ", server CPU", "us/tx", median(baton_cpu), median(bare_cpu)});
}

void measure_dispatch(Workbench& workbench, const std::string& name, int connections) {
    const Database database(workbench, name);
    {
        // Makes the log's partitions, as an orchestrator does long before they are needed.
        const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
        Session session(database.url());
        wait_until_following(session);
    }
    Session(database.url()).exec("select arm_doorbell(false)");
    compare(workbench, database, dispatch_statement, name, connections, 0.90);
}

void measure_enqueue(Workbench& workbench, const std::string& name, int connections) {
    const Database database(workbench, name);
    Session(database.url()).exec("select register_handler('send_invoice', 1, 'bench', '{}')");
    compare(workbench, database, enqueue_statement, name, connections, 0.75);
}

}  // namespace

void measure_dispatch_1(Workbench& workbench) { measure_dispatch(workbench, "dispatch_1", 1); }
void measure_dispatch_8(Workbench& workbench) { measure_dispatch(workbench, "dispatch_8", 8); }
void measure_enqueue_1(Workbench& workbench) { measure_enqueue(workbench, "enqueue_1", 1); }
void measure_enqueue_8(Workbench& workbench) { measure_enqueue(workbench, "enqueue_8", 8); }

}  // namespace baton::bench
