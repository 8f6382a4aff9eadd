#include "ferrule/app/run_service.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "service_process.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FERRULE_HAS_LATE_SIGNALS
// A start that fails ends the process with the threads that did start, which are no leak.
extern "C" const char* __tsan_default_options() { return "report_thread_leaks=0"; }
#endif
#endif

namespace ferrule {
namespace {

TEST(run_service, says_where_it_listens_and_ends_on_sigterm) {
  process p({"--threads", "1"});
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("info: slow on ")) << line;
  EXPECT_NE(line.find(", 1 thread, http://127.0.0.1:"), line.npos) << line;
  const int socket = connect_to(line);
  send_text(socket, "GET /" + last_request);
  EXPECT_TRUE(receive_all(socket).ends_with("at once"));
  p.signal(SIGTERM);
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, serves_on_every_thread_and_ends_on_sigint) {
  process p({"--threads=3", "--backend=epoll"});
  const std::string line = p.line();
  EXPECT_NE(line.find("on epoll"), line.npos) << line;
  EXPECT_NE(line.find(", 3 threads, "), line.npos) << line;
  for (int i = 0; i < 20; ++i) {
    const int socket = connect_to(line);
    send_text(socket, "GET /" + last_request);
    EXPECT_TRUE(receive_all(socket).ends_with("at once"));
  }
  p.signal(SIGINT);
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, answers_what_was_begun_before_it_ends) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--threads", "1", "--backend", backend});
    const std::string line = p.line();
    const int socket = connect_to(line);
    send_text(socket, "GET /slow" + last_request);
    const int probe = connect_to(line);  // accepted and read behind the other
    send_text(probe, "GET /" + last_request);
    EXPECT_TRUE(receive_all(probe).ends_with("at once"));
    p.signal(SIGTERM);
    EXPECT_TRUE(receive_all(socket).ends_with("slowly")) << backend;
    EXPECT_EQ(p.end(), 0) << backend;
  }
}

TEST(run_service, a_second_signal_ends_it_at_once) {
  process p({"--threads", "1", "--drain", "10m"});
  const int socket = connect_to(p.line());
  send_text(socket, "GET /sl");  // a request that is never finished
  p.signal(SIGINT);
  p.signal(SIGTERM);  // another number, since the kernel merges equal signals that wait
  EXPECT_GT(p.end(), 128);
  ::close(socket);
}

// Nothing a handler does keeps the process from ending, and the log says what would have.
TEST(run_service, ends_whatever_its_handlers_do) {
#ifdef FERRULE_HAS_LATE_SIGNALS
  GTEST_SKIP() << "the thread sanitizer holds signals back from code that calls nothing it knows";
#endif
  struct misdeed {
    const char* path;
    int times;
    const char* complaint;
  };
  for (const auto& [path, times, complaint] :
       {misdeed{"/loop", 1, "reactor 1 of 1 does not come back from what it runs"},
        misdeed{"/hold", 2, "reactor 1 of 1 does not come back from what it runs"},
        misdeed{"/block", 1,
                "reactor 1 of 1 waits for 1 handler that does not stop, GET /{later}"}}) {
    for (const char* backend : {"auto", "epoll"}) {
      process p({"--threads", "1", "--drain", "10ms", "--backend", backend});
      const std::string line = p.line();
      std::vector<int> clients;
      for (int i = 0; i < times; ++i) {
        clients.push_back(connect_to(line));
        send_text(clients.back(), "GET " + std::string(path) + last_request);
        EXPECT_EQ(p.line(), "info: blocks");
      }
      p.signal(SIGTERM);
      const std::string rest = p.everything();
      EXPECT_NE(rest.find("error: slow is ended by force, "), rest.npos) << path << rest;
      EXPECT_NE(rest.find(complaint), rest.npos) << path << rest;
      EXPECT_EQ(p.end(), exit_code_forced) << path;
      for (const int client : clients) ::close(client);
    }
  }
}

TEST(run_service, ends_while_it_starts) {
  process p({"--threads", "1", "--drain", "10ms"}, [](factory& all) {
    all.before_making = [] {
      log(log_level::info, "blocks");
      for (;;) ::pause();
    };
  });
  EXPECT_EQ(p.line(), "info: blocks");
  p.signal(SIGTERM);
  EXPECT_NE(p.everything().find("reactor 1 of 1 has not started"), std::string::npos);
  EXPECT_EQ(p.end(), exit_code_forced);
}

// Not by the signal's default, which process 1 of a container does not have.
TEST(run_service, ends_well_when_asked_before_it_starts) {
  process p({"--threads", "2"}, [](factory& all) {
    all.before_start = [] {
      sigset_t end;
      sigset_t before;
      ::sigemptyset(&end);
      ::sigaddset(&end, SIGTERM);
      ::pthread_sigmask(SIG_BLOCK, &end, &before);
      log(log_level::info, "opens");
      ::sigsuspend(&before);
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    };
  });
  EXPECT_EQ(p.line(), "info: opens");
  p.signal(SIGTERM);
  EXPECT_TRUE(p.everything().ends_with("info: slow has ended\n"));
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, ends_though_its_starter_had_the_signals_blocked) {
  for (const int number : {SIGTERM, SIGINT}) {
    process p({"--threads", "2"}, [](factory&) {
      sigset_t everything;
      ::sigfillset(&everything);
      ::pthread_sigmask(SIG_BLOCK, &everything, nullptr);
    });
    EXPECT_TRUE(p.line().starts_with("info: slow on "));
    p.signal(number);
    pollfd rest{p.output(), POLLIN, 0};
    ASSERT_EQ(::poll(&rest, 1, 5000), 1) << number;
    EXPECT_EQ(p.end(), 0) << number;
  }
}

// A process that was stopped is not late by its own fault.
TEST(run_service, is_not_forced_to_end_for_the_time_in_which_it_was_stopped) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--threads", "1", "--drain", "300ms", "--backend", backend});
    const std::string line = p.line();
    const int socket = connect_to(line);
    send_text(socket, "GET /slow" + last_request);
    const int probe = connect_to(line);  // accepted and read behind the other
    send_text(probe, "GET /" + last_request);
    EXPECT_TRUE(receive_all(probe).ends_with("at once"));
    pollfd nothing{-1, 0, 0};
    p.signal(SIGTERM);
    ::poll(&nothing, 1, 20);  // it takes notice
    p.signal(SIGSTOP);
    ::poll(&nothing, 1, 1600);
    p.signal(SIGCONT);
    EXPECT_TRUE(receive_all(socket).ends_with("slowly")) << backend;
    EXPECT_EQ(p.everything(), "info: slow has ended\n") << backend;
    EXPECT_EQ(p.end(), 0) << backend;
  }
}

// The first reactor runs on the thread that signals come to.
TEST(run_service, a_stuck_reactor_leaves_the_others_their_drain) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--threads", "3", "--drain", "5s", "--backend", backend});
    const std::string line = p.line();
    const auto tells = [](int descriptor, int wait_ms) {
      pollfd ready{descriptor, POLLIN, 0};
      return ::poll(&ready, 1, wait_ms) == 1;
    };
    std::vector<int> stuck;
    while (!tells(p.output(), 0)) {  // until one came to the first reactor
      stuck.push_back(connect_to(line));
      send_text(stuck.back(), "GET /loop HTTP/1.1\r\nHost: a\r\n\r\n");
      while (!tells(stuck.back(), 10) && !tells(p.output(), 0)) {
      }
    }
    EXPECT_EQ(p.line(), "info: blocks");
    std::vector<int> served;
    for (const int client : stuck) {
      if (client != stuck.back()) served.push_back(client);
    }
    while (served.size() < 3) {
      served.push_back(connect_to(line));
      send_text(served.back(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      if (!tells(served.back(), 500)) {
        stuck.push_back(served.back());
        served.pop_back();
      }
    }
    for (const int client : served) send_text(client, "GET /slow" + last_request);
    p.signal(SIGTERM);
    for (const int client : served) {
      EXPECT_TRUE(receive_all(client).ends_with("slowly")) << backend;
    }
  }
}

TEST(run_service, takes_clients_of_both_families_on_the_wildcard_of_ipv6) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--host", "::", "--threads", "2", "--backend", backend});
    const std::string line = p.line();
    if (line.find("Address family not supported") != line.npos) GTEST_SKIP() << "there is no IPv6";
    EXPECT_NE(line.find(", http://[::]:"), line.npos) << line;
    for (const char* host : {"127.0.0.1", "::1"}) {
      const int socket = connect_to(line, host);
      send_text(socket, "GET /" + last_request);
      EXPECT_TRUE(receive_all(socket).ends_with("at once")) << host << " on " << backend;
    }
  }
}

TEST(run_service, reports_what_its_factory_throws) {
  process first({"--threads", "2"}, [](factory& all) { all.throws_at = 0; });
  EXPECT_EQ(first.everything(), "slow: cannot start: no database\n");
  EXPECT_EQ(first.end(), 1);
  process other({"--threads", "2"}, [](factory& all) { all.throws_at = 1; });
  EXPECT_EQ(other.everything(), "slow: reactor 2 of 2: cannot start: no database\n");
  EXPECT_EQ(other.end(), 1);
}

TEST(run_service, takes_closed_standard_descriptors_for_no_socket) {
  static constexpr int kept_output = 9;
  process p({"--threads", "1"}, [](factory& all) {
    ::dup2(STDERR_FILENO, kept_output);
    for (int fd = 0; fd <= STDERR_FILENO; ++fd) ::close(fd);
    all.before_making = [] {
      for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
        char path[64]{};
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        const auto size = ::readlink(link.c_str(), path, sizeof path - 1);
        path[std::max<ssize_t>(size, 0)] = '\n';
        EXPECT_GT(::write(kept_output, path, static_cast<std::size_t>(size) + 1), 0);
      }
    };
  });
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) EXPECT_EQ(p.line(), "/dev/null") << fd;
}

TEST(run_service, reports_a_taken_port) {
  process first({"--threads", "1"});
  const std::string line = first.line();
  const std::string port = line.substr(line.rfind(':') + 1);
  for (const char* threads : {"1", "2"}) {
    process second({"--port", port, "--threads", threads});
    EXPECT_EQ(second.everything(),
              "slow: cannot listen on 127.0.0.1:" + port +
                  ": Address already in use; end what holds the port or choose another\n");
    EXPECT_EQ(second.end(), 1);
  }
}

TEST(run_service, listens_at_every_place_and_ends_all_of_them) {
  for (const char* threads : {"1", "3"}) {
    const std::string path = testing::TempDir() + "ferrule-run-service.sock";
    process p({"--listen", "127.0.0.1:0,unix:" + path + ",127.0.0.1:0", "--threads", threads});
    const std::string first = p.line();
    EXPECT_NE(first.find("slow on "), std::string::npos) << first;
    EXPECT_EQ(p.line(), "info: slow on unix:" + path);
    const std::string third = p.line();
    EXPECT_TRUE(third.starts_with("info: slow on http://127.0.0.1:")) << third;
    const address at = *address::unix_socket(path);
    std::vector<int> clients{connect_to(first), connect_to(third)};
    for (int i = 0; i != 10; ++i) {
      clients.push_back(::socket(AF_UNIX, SOCK_STREAM, 0));
      ASSERT_EQ(::connect(clients.back(), at.data(), at.size()), 0);
    }
    for (const int client : clients) send_text(client, "GET /slow" + last_request);
    ::usleep(50'000);  // so that they have begun
    p.signal(SIGTERM);
    for (const int client : clients) EXPECT_TRUE(receive_all(client).ends_with("slowly"));
    EXPECT_EQ(p.end(), 0);
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << "its file is gone";
  }
}

TEST(run_service, reports_a_path_at_which_somebody_listens) {
  const std::string path = testing::TempDir() + "ferrule-run-service.sock";
  process first({"--listen", "unix:" + path, "--threads", "1"});
  EXPECT_TRUE(first.line().ends_with("unix:" + path));
  process second({"--listen", "127.0.0.1:0,unix:" + path, "--threads", "1"});
  EXPECT_EQ(second.everything(), "slow: cannot listen on unix:" + path +
                                     ": Address already in use; end what listens there or choose "
                                     "another path\n");
  EXPECT_EQ(second.end(), 1);
  process third({"--listen", "unix:" + path + ".2,192.0.2.1:0", "--threads", "1"});
  EXPECT_NE(third.everything().find("cannot listen on 192.0.2.1:0"), std::string::npos);
  EXPECT_EQ(third.end(), 1);
  EXPECT_NE(::access((path + ".2").c_str(), F_OK), 0) << "nothing is left of what did not start";
  first.signal(SIGTERM);
  EXPECT_EQ(first.end(), 0);
}

TEST(run_service, reports_wrong_options) {
  process p({"--prot", "80"});
  EXPECT_EQ(p.everything(), "slow: unknown argument '--prot'; --help lists the options\n");
  EXPECT_EQ(p.end(), 2);
  process help({"--help"});
  EXPECT_TRUE(help.everything().starts_with("Usage: slow [options]"));
  EXPECT_EQ(help.end(), 0);
}

TEST(run_service, reports_an_address_that_is_not_here) {
  process p({"--host", "192.0.2.1", "--threads", "1"});
  EXPECT_NE(p.everything().find("cannot listen on 192.0.2.1:0: Cannot assign requested address"),
            std::string::npos);
  EXPECT_EQ(p.end(), 1);
}

}  // namespace
}  // namespace ferrule
