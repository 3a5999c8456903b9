// A sandbox behind a real socket on 127.0.0.1, in a thread of the test, with a hook into each
// request.

#pragma once

#include "api/http/server.hpp"
#include "api/sandbox/sandbox.hpp"
#include "tests/support/places.hpp"
#include "tests/support/process.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

namespace trueup::test {

// A server on 127.0.0.1 and a free port, in a thread of its own.
class LiveServer {
public:
    explicit LiveServer(const ServerHandler& handler, const std::optional<ServerTls>& tls = {})
        : scheme_(tls ? "https" : "http")
    {
        auto server = make_http_server(context_, "127.0.0.1", 0, handler, tls);
        REQUIRE(server);
        server_ = std::move(*server);
        thread_ = std::thread([this] {
            auto work = boost::asio::make_work_guard(context_);
            context_.run();
        });
    }
    LiveServer(const LiveServer&) = delete;
    LiveServer& operator=(const LiveServer&) = delete;
    ~LiveServer()
    {
        context_.stop();
        thread_.join();
        server_.reset();
    }

    std::string url() const { return scheme_ + "://127.0.0.1:" + std::to_string(server_->port()); }

private:
    boost::asio::io_context context_{1};
    std::string scheme_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

class LiveApi {
public:
    // Called after the n-th request had its effect (from 1) and before it is answered.
    using Hook = std::function<void(std::size_t n, const HttpRequest& request, ServerReply& reply)>;

    explicit LiveApi(SandboxOptions options = {}, const std::optional<ServerTls>& tls = {})
        : sandbox_(make_sandbox(std::move(options))),
          server_([this](const HttpRequest& request) { return answer(request); }, tls)
    {
    }

    std::string url() const { return server_.url(); }

    void set_hook(Hook hook)
    {
        const std::lock_guard lock(mutex_);
        hook_ = std::move(hook);
        requests_ = 0;
    }
    std::size_t requests() const { return requests_; }

    // The sandbox, which answers nobody else until the end of the expression.
    class Locked {
    public:
        Locked(std::recursive_mutex& mutex, Sandbox& sandbox) : lock_(mutex), sandbox_(sandbox) {}
        Sandbox* operator->() const { return &sandbox_; }

    private:
        std::unique_lock<std::recursive_mutex> lock_;
        Sandbox& sandbox_;
    };
    Locked sandbox() { return Locked(mutex_, *sandbox_); }
    // Held while a request is answered, and its hook runs.
    std::recursive_mutex& mutex() { return mutex_; }

private:
    ServerReply answer(const HttpRequest& request)
    {
        const std::lock_guard lock(mutex_);
        ServerReply reply;
        const WallTime now = std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
        reply.response = sandbox_->handle(request, now);
        ++requests_;
        if (hook_)
            hook_(requests_, request, reply);
        return reply;
    }

    std::unique_ptr<Sandbox> sandbox_;
    std::recursive_mutex mutex_;
    Hook hook_;
    std::atomic<std::size_t> requests_ = 0;
    LiveServer server_; // the first to go: it asks the others
};

// A directory of manifests of its own, removed at the end, and the binary run on it.
class Site {
public:
    Site()
    {
        std::string name = (std::filesystem::temp_directory_path() / "trueup-site-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        directory_ = name;
        write("trueup.yaml", "owner: test-owner\n");
    }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    ~Site()
    {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    const std::filesystem::path& directory() const { return directory_; }

    // How long after a write nobody believes that what is not seen is gone.
    std::string settle = "100ms";

    void write(const std::string& file, const std::string& text) const
    {
        std::filesystem::create_directories((directory_ / file).parent_path());
        std::ofstream(directory_ / file, std::ios::binary) << text;
    }
    void remove(const std::string& file) const { std::filesystem::remove_all(directory_ / file); }
    void copy_from(const std::filesystem::path& source) const
    {
        std::filesystem::copy(source,
                              directory_,
                              std::filesystem::copy_options::recursive |
                                  std::filesystem::copy_options::overwrite_existing);
    }

    // The command line of the binary for this site and `api`.
    std::vector<std::string> command(const LiveApi& api, std::vector<std::string> arguments) const
    {
        return command(api.url(), std::move(arguments));
    }
    std::vector<std::string> command(const std::string& url,
                                     std::vector<std::string> arguments) const
    {
        std::vector<std::string> all{trueup::test::trueup_binary()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const std::vector<std::string> common{"-f",
                                              directory_.string(),
                                              "--endpoint",
                                              url,
                                              "--rate",
                                              "unlimited",
                                              "--settle",
                                              settle,
                                              "--no-color"};
        all.insert(all.end(), common.begin(), common.end());
        return all;
    }
    static std::map<std::string, std::string> environment()
    {
        return {{"SPECTROCLOUD_APIKEY", "sandbox"}, {"SPECTROCLOUD_HOST", ""}};
    }

    Finished run(const LiveApi& api, std::vector<std::string> arguments) const
    {
        return run_process(command(api, std::move(arguments)), environment());
    }
    Finished run(const std::string& url, std::vector<std::string> arguments) const
    {
        return run_process(command(url, std::move(arguments)), environment());
    }

private:
    std::filesystem::path directory_;
};

inline std::string role(const std::string& name, const std::string& permission = "cluster.get")
{
    return "---\napiVersion: palette/v1\nkind: Role\nmetadata:\n  name: " + name +
           "\nspec:\n  scope: project\n  type: user\n  permissions: [" + permission + "]\n";
}

} // namespace trueup::test
