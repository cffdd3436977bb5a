# Runs minitest files for Fluffy's kernel: one sealed JSON line per test, then {"end":true}. See fluffy_seal.rb.
# Arguments: [-n PATTERN] [--] FILE...; without files every *_test.rb and test_*.rb below test, or spec. Exit code 0 when all passed.
require_relative "fluffy_seal"
require "minitest"

module Fluffy
  MAX_MESSAGE = 4000
  FILES = {}

  def self.text(message)
    message.to_s.dup.force_encoding("UTF-8").scrub[0, MAX_MESSAGE]
  end

  # What decides whether a test passes. Setup and output are often a project's own, and no part of it.
  DECISIVE = /\A(assert|refute|flunk|run|capture_exceptions|passed\?|skipped\?|error\?|failure|record|result|new|from|inherited|methods_matching)/

  class Reporter < Minitest::AbstractReporter
    def initialize(write)
      super()
      @write = write
    end

    def record(result)
      # `it` counts its tests in their names: a new one would rename those after it.
      name = "#{result.klass}##{result.name.sub(/\Atest_\d{4}_/, "")}"
      file = FILES[result.klass] || File.expand_path(result.source_location.first.to_s)
      line = { file: file, name: name }
      if result.skipped? then line[:status] = "skipped"
      elsif result.passed? then line[:status] = "passed"
      else
        line[:status] = "failed"
        line[:message] = Fluffy.text(result.failures.map { |failure| failure.message }.join("\n"))
      end
      @write.call(line)
    end
  end
end

# What `require "minitest/autorun"` would do at exit is done here.
Minitest.class_variable_set(:@@installed_at_exit, true)
Minitest.extensions << "fluffy"
write = Fluffy.seal
Minitest.define_singleton_method(:plugin_fluffy_init) { |_options| reporter << Fluffy::Reporter.new(write) }

arguments = ARGV.dup
ARGV.clear
options = arguments.first == "-n" ? arguments.shift(2) : []
arguments.shift if arguments.first == "--"
if arguments.empty?
  arguments = Dir["test/**/{*_test,test_*}.rb"].sort
  arguments = Dir["spec/**/*_spec.rb"].sort if arguments.empty?
end
["test", "spec", "lib"].each { |directory| $LOAD_PATH.unshift(File.expand_path(directory)) if File.directory?(directory) }

changed = Fluffy.watch(
  [Minitest, Minitest::Runnable, Minitest::Test, Minitest::Result, Minitest::CompositeReporter, Fluffy::Reporter],
  Fluffy::DECISIVE
)
broken = false
arguments.each do |path|
  full = File.expand_path(path)
  known = Minitest::Runnable.runnables.dup
  begin
    require full
  rescue SystemExit, SignalException
    raise
  rescue Exception => error # A syntax error and a missing file are no StandardError.
    broken = true
    message = Fluffy.text("#{error.class}: #{error.message}\n#{(error.backtrace || []).first(20).join("\n")}")
    warn(message)
    write.call({ file: full, name: "(file)", status: "error", message: message })
  end
  (Minitest::Runnable.runnables - known).each { |one| Fluffy::FILES[one.name] ||= full }
end

passed = Minitest.run(options)
write.call({ problem: "the tests or the code under test changed minitest itself" }) if changed.call
write.call({ end: true })
exit!(passed && !broken ? 0 : 1)
