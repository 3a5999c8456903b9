// sandbox: serves the embedded API until it is told to stop.

#include "api/sandbox/sandbox.hpp"
#include "api/sandbox/serve.hpp"
#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/workspace.hpp"

#include <boost/asio/signal_set.hpp>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace trueup {

namespace {

// How long changes gather before they are written to the data file.
constexpr Duration save_delay = std::chrono::seconds(1);

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

struct Listen {
    Listen(std::string a, unsigned short p) : address(std::move(a)), port(p) {}
    std::string address;
    unsigned short port;
};

Result<Listen> parse_listen(const std::string& text)
{
    const Error bad{Errc::invalid_input,
                    "\"" + text + "\" is nowhere to listen",
                    "",
                    "write ADDRESS:PORT, such as 127.0.0.1:8080"};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0)
        return bad;
    unsigned short port = 0;
    const char* end = text.data() + text.size();
    const auto [rest, ec] = std::from_chars(text.data() + colon + 1, end, port);
    if (ec != std::errc{} || rest != end)
        return bad;
    return Listen(text.substr(0, colon), port);
}

Result<FaultPlan> read_faults(const Settings& settings)
{
    std::string text;
    for (const std::string& fault : settings.faults)
        text += (text.empty() ? "" : ",") + fault;
    if (!settings.latency.empty())
        text += (text.empty() ? "" : ",") + ("latency:" + settings.latency);
    if (text.empty())
        return FaultPlan();
    return parse_fault_plan(text);
}

// Keeps the objects in a file between runs.
class DataFile {
public:
    DataFile(Clock& clock, Sandbox& sandbox, std::string file)
        : clock_(clock), sandbox_(sandbox), file_(std::move(file))
    {
    }

    Result<void> load()
    {
        std::ifstream in(file_, std::ios::binary);
        if (file_.empty() || !in)
            return {};
        std::stringstream text;
        text << in.rdbuf();
        return sandbox_.load(text.str());
    }

    void changed()
    {
        if (file_.empty() || alarm_)
            return;
        alarm_ = clock_.alarm(save_delay, [this] { save(); });
    }

    void save()
    {
        alarm_.reset();
        if (file_.empty())
            return;
        const std::string next = file_ + ".new";
        std::ofstream out(next, std::ios::binary | std::ios::trunc);
        out << sandbox_.dump();
        out.close();
        std::error_code error;
        if (out)
            std::filesystem::rename(next, file_, error);
        if (!out || error)
            print_error("trueup: error: the data file cannot be written: " + file_ + "\n");
    }

private:
    Clock& clock_;
    Sandbox& sandbox_;
    std::string file_;
    std::unique_ptr<Alarm> alarm_;
};

} // namespace

int run_sandbox(Settings& settings)
{
    auto listen = parse_listen(settings.listen);
    if (!listen)
        return fail(listen.error());
    auto faults = read_faults(settings);
    if (!faults)
        return fail(faults.error());
    const auto rate = settings.rate.empty() ? Result<double>(0.0) : option_rate(settings);
    if (!rate)
        return fail(rate.error());
    boost::asio::io_context context{1};
    const std::unique_ptr<Clock> clock = make_system_clock(context);
    SandboxOptions options;
    options.api_key = settings.api_key;
    options.rate = *rate;
    const std::unique_ptr<Sandbox> sandbox = make_sandbox(options);
    DataFile data(*clock, *sandbox, settings.data);
    if (auto loaded = data.load(); !loaded)
        return fail(loaded.error());
    faults->after_effect = [&data](std::size_t, const SandboxRequest& request) {
        if (request.writes)
            data.changed();
    };
    auto server = make_sandbox_server(
        context, *clock, *sandbox, listen->address, listen->port, std::move(*faults));
    if (!server)
        return fail(server.error());
    print("listening on http://" + listen->address + ":" + std::to_string((*server)->port()) +
          "\n");
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    bool stopped = false;
    signals.async_wait([&stopped](const boost::system::error_code&, int) { stopped = true; });
    while (!stopped && context.run_one() != 0)
        sandbox->clear_log(); // nobody reads it here, and it would grow for ever
    server->reset();
    data.save();
    return 0;
}

} // namespace trueup
