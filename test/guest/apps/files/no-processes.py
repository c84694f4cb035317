# Starting a process must fail cleanly where there are none, not hang or crash. Natively it works: status only.
import subprocess, sys
try:
    subprocess.run(['/bin/true'])
except OSError as error:
    print('refused:', error, file=sys.stderr)
