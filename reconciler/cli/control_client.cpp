#include "reconciler/cli/control_client.hpp"

#include "api/http/client.hpp"
#include "api/http/unix_dialer.hpp"
#include "reconciler/cli/workspace.hpp"
#include "state/model/json.hpp"

#include <cstdlib>

namespace trueup {

namespace {

namespace fs = std::filesystem;

constexpr const char* socket_name = "control.sock";
constexpr const char* unit_directory = "/run/trueup"; // RuntimeDirectory= of the unit

// What an answer that is not a success says.
Error failure_of(int status, const Value& answer)
{
    static constexpr std::pair<int, Errc> codes[] = {{400, Errc::invalid_input},
                                                     {401, Errc::unauthorized},
                                                     {403, Errc::forbidden},
                                                     {404, Errc::not_found},
                                                     {409, Errc::conflict},
                                                     {422, Errc::refused},
                                                     {503, Errc::busy}};
    Errc code = Errc::rejected;
    for (const auto& [number, each] : codes)
        if (number == status)
            code = each;
    const Map* outer = answer.if_map();
    const Value* inner = outer != nullptr ? outer->find("error") : nullptr;
    const Map* said = inner != nullptr ? inner->if_map() : nullptr;
    const auto text = [&](std::string_view name) {
        const Value* value = said != nullptr ? said->find(name) : nullptr;
        return value != nullptr ? value->string_or_empty() : std::string();
    };
    if (text("message").empty())
        return {code, "the daemon answered with status " + std::to_string(status)};
    return {code, text("message"), text("place"), text("advice")};
}

Error no_daemon(const fs::path& socket, const Error& why)
{
    return {Errc::network,
            "no daemon can be reached: " + why.message,
            "",
            "start one with trueup run, or name its socket with --socket (this was " +
                socket.string() + ")"};
}

Task<Result<HttpResponse>> send(HttpClient& client, HttpRequest request)
{
    auto answer = co_await client.send(std::move(request));
    co_return answer;
}

Result<Value> call(const Settings& settings, HttpRequest request)
{
    const fs::path socket = command_socket(settings);
    Workspace workspace;
    HttpLimits limits;
    limits.connect_max = std::chrono::seconds(5);
    limits.read_max = std::chrono::seconds(15);
    limits.body_bytes_max = 256U << 20U;
    const auto dialer = make_unix_dialer(*workspace.clock, socket, limits.connect_max);
    const auto origin = parse_origin("http://localhost");
    if (!origin)
        return origin.error();
    const auto client = make_http_client(*origin, *dialer, *workspace.clock, limits);
    const auto answer = run(workspace, send(*client, std::move(request)));
    if (!answer)
        return no_daemon(socket, answer.error());
    json::Limits sizes;
    sizes.bytes_max = limits.body_bytes_max;
    sizes.nodes_max = 50'000'000;
    auto value = json::parse(answer->body, sizes);
    if (answer->status >= 300)
        return failure_of(answer->status, value ? *value : Value());
    if (!value)
        return Error{Errc::rejected, "the daemon's answer is not JSON: " + value.error().message};
    return value;
}

} // namespace

fs::path daemon_socket(const Settings& settings)
{
    if (!settings.socket.empty())
        return settings.socket;
    const char* runtime = std::getenv("RUNTIME_DIRECTORY"); // nothing here changes the environment
    if (runtime != nullptr && *runtime != '\0') {
        const std::string all = runtime;
        return fs::path(all.substr(0, all.find(':'))) / socket_name;
    }
    return state_file(settings).parent_path() / socket_name;
}

fs::path command_socket(const Settings& settings)
{
    fs::path own = daemon_socket(settings);
    fs::path unit = fs::path(unit_directory) / socket_name;
    std::error_code ignored;
    if (settings.socket.empty() && !fs::exists(own, ignored) && fs::exists(unit, ignored))
        return unit;
    return own;
}

Result<Value> ask_daemon(const Settings& settings, const std::string& target)
{
    HttpRequest request;
    request.method = "GET";
    request.target = target;
    request.route = "GET " + target;
    return call(settings, std::move(request));
}

Result<Value> tell_daemon(const Settings& settings, const std::string& target, const Map& body)
{
    HttpRequest request;
    request.method = "POST";
    request.target = target;
    request.route = "POST " + target;
    request.body = json::write(body);
    return call(settings, std::move(request));
}

} // namespace trueup
